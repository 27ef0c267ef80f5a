import { listenForAbort } from '../../platform/abort.js';
import type { Attachment, AttachmentEnd, AttachOptions } from './attachment.js';
import { AttachmentInput } from './attachment-input.js';
import { DetachKeyFilter, parseDetachKeys } from './detach-keys.js';
import { OutputReader, type OutputReaderOptions } from './output-reader.js';
import type { RunInput } from './run-input.js';

export interface HubAttachmentOptions extends AttachOptions {
  readonly terminal: boolean;
  /** Its end of stdin is the container's. */
  readonly endsStdin: boolean;
  readonly reader: OutputReaderOptions;
  /** It takes no more output, or none at all. */
  onFinish(attachment: HubAttachment): void;
  /** Nothing of it is left, in memory or on disk. */
  onClosed(attachment: HubAttachment): void;
}

export class HubAttachment implements Attachment {
  readonly stdin: AttachmentInput | undefined;
  readonly stdout: OutputReader | undefined;
  readonly stderr: OutputReader | undefined;
  readonly done: Promise<AttachmentEnd>;
  readonly #options: HubAttachmentOptions;
  readonly #onAbort = () => this.drop();
  /** What it came to, as soon as it takes no more; `done` waits for what is still to be read. */
  #end: AttachmentEnd | undefined;
  #input: RunInput | undefined;
  #settle: (end: AttachmentEnd) => void = () => {};
  #isDone = false;

  /** @throws InvalidArgumentError for detach keys that are none */
  constructor(options: HubAttachmentOptions) {
    this.#options = options;
    const { terminal, reader } = options;
    const keys = parseDetachKeys(options.detachKeys ?? '');
    if (options.stdin === true) {
      const filter = terminal ? new DetachKeyFilter(keys) : undefined;
      this.stdin = new AttachmentInput({ keys: filter, onEnd: (how) => this.#stdinEnded(how) });
    }
    if (options.stdout === true) this.stdout = new OutputReader(reader);
    if (options.stderr === true && !terminal) this.stderr = new OutputReader(reader);
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
    for (const output of this.#outputs) output.once('close', () => this.#outputClosed(output));
    listenForAbort(options.signal, this.#onAbort);
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  connect(input: RunInput): void {
    this.#input = input;
    this.stdin?.connect(input);
  }

  detach(): void {
    this.finish('detached');
  }

  /** Takes no more; ends when what it has is read. */
  finish(end: 'ended' | 'detached'): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#options.onFinish(this);
    this.stdin?.close();
    for (const output of this.#outputs) output.finish();
    // Who detaches may never read on.
    if (end === 'detached' || this.#outputs.length === 0) this.#conclude(end);
  }

  /** As `drop`, and the container's stdin is none of its business any more. */
  abandon(): void {
    this.#input = undefined;
    this.drop();
  }

  drop(): void {
    const isFirst = this.#end === undefined;
    this.#end = 'dropped';
    if (isFirst) this.#options.onFinish(this);
    this.stdin?.close();
    for (const output of this.#outputs) output.destroy();
    this.#conclude('dropped');
  }

  get #outputs(): readonly OutputReader[] {
    return [this.stdout, this.stderr].filter((output) => output !== undefined);
  }

  #stdinEnded(how: 'keys' | 'end' | 'cut'): void {
    if (this.#options.endsStdin) this.#input?.end();
    if (how === 'keys') this.finish('detached');
    else if (how === 'cut' && this.#end === undefined) this.drop();
    // As dockerd does (moby daemon/stream/attach.go): only an end that is the container's leaves its outputs open.
    else if (how === 'end' && !this.#options.endsStdin) this.finish('detached');
  }

  #outputClosed(output: OutputReader): void {
    if (!output.readableEnded) this.drop();
    if (!this.#outputs.every((each) => each.closed)) return;
    this.#conclude(this.#end ?? 'dropped');
    this.#options.onClosed(this);
  }

  #conclude(end: AttachmentEnd): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#settle(end);
    if (this.#outputs.length === 0) this.#options.onClosed(this);
  }
}
