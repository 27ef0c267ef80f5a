import type { OutputFlow, OutputStream } from '../../libcontainerd/types.js';
import type { LogStream } from '../logs/log-driver.js';
import type { OutputReader } from './output-reader.js';
import type { RunLog } from './run-log.js';
import { type TurnBudget, turnBudget } from './turn-budget.js';

export interface OutputPumpOptions {
  readonly stream: LogStream;
  readonly source: OutputStream;
  readonly log: RunLog | undefined;
  /** Of the hub, which adds and removes; `settle` is to be called then. */
  readonly readers: ReadonlySet<OutputReader>;
  /** @default the one of the process */
  readonly budget?: TurnBudget | undefined;
}

/**
 * Copies one output of one run to its log and its readers. The source is held back while the log is busy, while a disk is, and,
 * where there is no log, by a reader that is alone. With neither log nor reader the output is discarded.
 */
export class OutputPump {
  /** Settles when the source has ended or was cut off. */
  readonly ended: Promise<void>;
  readonly #options: OutputPumpOptions;
  readonly #budget: TurnBudget;
  readonly #flow: OutputFlow;
  readonly #onTurn = () => {
    this.#isOutOfBudget = false;
    this.settle();
  };
  #settleEnded: () => void = () => {};
  #mode: 'copy' | 'discard' | 'frozen' = 'copy';
  #isEnding = false;
  #isOutOfBudget = false;
  #isHeld = false;
  #isWriting = false;

  constructor(options: OutputPumpOptions) {
    this.#options = options;
    this.#budget = options.budget ?? turnBudget;
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
    // Set before the flow is known: the source may give at once what it has read already.
    this.#isWriting = true;
    this.#flow = this.#open(options.source);
    this.#isWriting = false;
    if (this.#isHeld) this.#flow.pause();
    this.settle();
  }

  /** To be called when something has changed that holds the source back, or does no more. */
  settle(): void {
    if (this.#isWriting) return;
    const shouldHold = this.#shouldHold();
    if (shouldHold === this.#isHeld) return;
    this.#isHeld = shouldHold;
    if (shouldHold) this.#flow.pause();
    else this.#flow.resume();
  }

  /** The process is over: what it left is little, and is taken though a reader is slow. */
  hurry(): void {
    this.#isEnding = true;
    this.settle();
  }

  /** What still comes, from a process in the background for one, goes nowhere; whoever writes it is not held back. */
  discard(): void {
    if (this.#mode === 'copy') this.#mode = 'discard';
    this.settle();
  }

  /** Takes nothing more: what is in the pipe stays for the next engine. */
  freeze(): void {
    this.#mode = 'frozen';
    this.#budget.forget(this.#onTurn);
    this.settle();
  }

  #shouldHold(): boolean {
    if (this.#mode === 'frozen') return true;
    if (this.#isOutOfBudget) return true;
    if (this.#mode === 'discard') return false;
    const { log, readers } = this.#options;
    if (log?.isBusy === true) return true;
    for (const { pressure } of readers) {
      if (pressure === 'disk' || (pressure === 'slow' && readers.size === 1 && log === undefined && !this.#isEnding))
        return true;
    }
    return false;
  }

  /** @returns false: the source is held back from here on */
  #write(chunk: Buffer): boolean {
    const wasWriting = this.#isWriting;
    this.#isWriting = true;
    if (this.#mode === 'copy') this.#copy(chunk);
    this.#isWriting = wasWriting;
    if (!this.#budget.spend(chunk.length, this.#onTurn)) this.#isOutOfBudget = true;
    if (this.#isHeld) {
      // It came though the source was held back. Whether to go on is not decided in the middle of a call of the source.
      queueMicrotask(() => this.settle());
      return false;
    }
    this.#isHeld = this.#shouldHold();
    return !this.#isHeld;
  }

  #copy(chunk: Buffer): void {
    const { log, readers, stream } = this.#options;
    log?.write(stream, chunk);
    let owned: Buffer | undefined;
    const own = () => {
      owned ??= Buffer.from(chunk);
      return owned;
    };
    for (const reader of readers) reader.write(chunk, own);
  }

  #end(): void {
    this.#budget.forget(this.#onTurn);
    this.#settleEnded();
  }

  #open(source: OutputStream): OutputFlow {
    const sink = { write: (chunk: Buffer) => this.#write(chunk), end: () => this.#end() };
    return source.consume?.(sink) ?? readInto(source, sink);
  }
}

/** For a stream that is a Readable and no more. */
function readInto(source: OutputStream, sink: { write(chunk: Buffer): boolean; end(): void }): OutputFlow {
  const pause = () => source.pause();
  source.on('data', (chunk: Buffer) => {
    if (!sink.write(chunk)) pause();
  });
  source.on('error', () => {});
  source.once('close', () => sink.end());
  source.once('end', () => sink.end());
  if (source.closed) sink.end();
  return { pause, resume: () => source.resume() };
}
