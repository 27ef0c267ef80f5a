import { CanceledError, FailedPreconditionError } from '../../errdefs/index.js';
import { withDefault } from '../../libcontainerd/deadline.js';
import type { CallOptions, StdioOptions, StdioStreams } from '../../libcontainerd/types.js';
import type { Logger } from '../../log/logger.js';
import type { LogWriter } from '../logs/log-driver.js';
import type { Attachment, AttachOptions } from './attachment.js';
import { HubAttachment } from './hub-attachment.js';
import { HubRun } from './hub-run.js';
import type { OutputReader } from './output-reader.js';

export type { Attachment, AttachmentEnd, AttachOptions } from './attachment.js';

/** How long dockerd waits for the copying of output after an exit (moby daemon/monitor.go). */
const END_MS = 2_000;

export interface StreamHubOptions {
  readonly terminal: boolean;
  /**
   * The process' stdin ends with the first attachment that had it (`StdinOnce`); not with a terminal, as in dockerd.
   * @default false: it stays open, and an attachment that ends its stdin is detached
   */
  readonly stdinOnce?: boolean | undefined;
  /** Where output that a slow reader has not taken yet is kept; made when it is missing. The files have no name. */
  readonly spillFolder: string;
  readonly log: Logger;
  /** For one output of one reader: what is kept in memory. @default 1 MiB */
  readonly memoryBytes?: number | undefined;
  /** For one output of one reader: what is kept on disk. Who is further behind is dropped. @default 1 GiB */
  readonly spillBytes?: number | undefined;
}

/**
 * What flows between one container, or exec, its log and those attached to it; over its runs.
 *
 * The log is what holds the process back when it is slow. A reader never does: what it does not take waits in memory, then on disk.
 * One exception: with no log and a single reader that reader sets the pace, as on a plain pipe. With neither, output is
 * discarded. What all hubs copy in one turn of the event loop is bounded.
 */
export class StreamHub {
  readonly #options: StreamHubOptions;
  readonly #readers = { stdout: new Set<OutputReader>(), stderr: new Set<OutputReader>() };
  readonly #attachments = new Set<HubAttachment>();
  #run: HubRun | undefined;
  #ending: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: StreamHubOptions) {
    this.#options = options;
  }

  /** Those who are not done. */
  get attachments(): number {
    return [...this.#attachments].filter((attachment) => !attachment.isDone).length;
  }

  /** What to give the seam, so that it calls `begin`. */
  stdio(options: { readonly stdin: boolean; readonly writer: LogWriter | undefined }): StdioOptions {
    return { stdin: options.stdin, attach: (streams) => this.begin(streams, options.writer) };
  }

  /**
   * Takes the streams of a run over, and its log. Those attached already get its output from the first byte.
   * @throws FailedPreconditionError while another run has not ended; CanceledError when the hub is closed
   */
  begin(streams: StdioStreams, writer: LogWriter | undefined): void {
    this.#assertOpen('begin a run');
    if (this.#run !== undefined) throw new FailedPreconditionError('begin a run: the last one has not ended');
    this.#ending = undefined;
    this.#run = new HubRun(streams, writer, this.#readers);
    for (const attachment of this.#attachments) attachment.connect(this.#run.input);
  }

  /**
   * The run is over. Waits till its output was read to the end, is in the log, and the readers have it; closes the writer; the
   * outputs of all attachments end. A reader that is slower than that goes on by itself. Output that comes later is
   * discarded. Never rejects; does nothing without a run.
   * @param options `timeoutMs` @default 2000; past it, or by the signal, all this happens without waiting
   */
  end(options: CallOptions = {}): Promise<void> {
    const run = this.#run;
    if (run === undefined) return Promise.resolve();
    this.#ending ??= run
      .end(() => this.#finishAll(), withDefault(options, END_MS), this.#options.log)
      .finally(() => {
        if (this.#run === run) this.#run = undefined;
      });
    return this.#ending;
  }

  /**
   * Gets the output from now on; before a run, that of the next one from its first byte. Every output asked for has to be read.
   * @throws InvalidArgumentError `ERR_OPTION_INVALID` for detach keys that are none; CanceledError when the hub is closed
   */
  attach(options: AttachOptions): Attachment {
    this.#assertOpen('attach');
    const { terminal, stdinOnce = false, spillFolder, memoryBytes, spillBytes } = this.#options;
    const attachment = new HubAttachment({
      ...options,
      terminal,
      endsStdin: stdinOnce && !terminal,
      reader: { spillFolder, memoryBytes, spillBytes },
      onFinish: (finished) => this.#removeReaders(finished),
      onClosed: (closed) => this.#attachments.delete(closed),
    });
    this.#attachments.add(attachment);
    for (const stream of ['stdout', 'stderr'] as const) {
      const reader = attachment[stream];
      if (reader === undefined) continue;
      reader.onRelief = () => this.#run?.settle();
      this.#readers[stream].add(reader);
    }
    if (options.signal?.aborted) attachment.drop();
    if (this.#run !== undefined) attachment.connect(this.#run.input);
    this.#run?.settle();
    return attachment;
  }

  /** There will be no run for now: those attached end, as with a run that is over. Does nothing during one. */
  endAttachments(): void {
    if (this.#run === undefined) void this.#finishAll();
  }

  /**
   * The engine goes: all attachments are dropped, slow readers of ended runs too. A run goes on without us: what is in its
   * pipes is not read any more, and its stdin not ended. Settles when the log has what was read. Idempotent.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#run?.freeze();
    for (const attachment of this.#attachments) attachment.abandon();
    await this.#run?.closeLog();
  }

  /** Settles when all that have to be read to the end were. */
  async #finishAll(): Promise<void> {
    const attachments = [...this.#attachments];
    for (const attachment of attachments) attachment.finish('ended');
    await Promise.all(attachments.map((attachment) => attachment.done));
  }

  #removeReaders({ stdout, stderr }: HubAttachment): void {
    if (stdout !== undefined) this.#readers.stdout.delete(stdout);
    if (stderr !== undefined) this.#readers.stderr.delete(stderr);
    this.#run?.settle();
  }

  #assertOpen(what: string): void {
    if (this.#isClosed) throw new CanceledError(`${what}: the streams of this container are closed`);
  }
}
