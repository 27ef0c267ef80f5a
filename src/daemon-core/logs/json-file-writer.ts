import type { Logger } from '../../log/logger.js';
import { giveBuffer, takeBuffer } from './buffer-pool.js';
import { EntryClock } from './entry-clock.js';
import { EntryEncoder } from './entry-encoder.js';
import type { JsonFiles } from './json-files.js';
import { LineSplitter, MAX_PIECE_BYTES } from './line-splitter.js';
import type { LogStream, LogWriter } from './log-driver.js';
import type { LogOptions } from './log-options.js';
import { isPlainText } from './plain-text.js';

/** Above this `write` asks to wait, and below half of it goes on. */
const HOLD_BACK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
/** For less it is not worth to look. */
const MIN_PLAIN_BYTES = 256;

interface Batch {
  readonly buffer: Buffer;
  length: number;
  /** Output that is in it. */
  outputBytes: number;
  /** The entries in it belong into a new file. */
  readonly isAfterRotation: boolean;
}

interface StreamState {
  readonly encoder: EntryEncoder;
  readonly splitter: LineSplitter;
  /** The time of a long line's first piece, which its other pieces get too, as Docker does. */
  pieceTime: { readonly seconds: number; readonly nanos: number } | undefined;
  /** Output was dropped: what is left of that line is dropped too. */
  isSkipping: boolean;
}

/**
 * Encodes output and writes it in the order in which it came, one write at a time; what comes meanwhile is written
 * together. A failed write drops its batch and nothing else.
 */
export class JsonFileWriter implements LogWriter {
  readonly #files: JsonFiles;
  readonly #options: LogOptions;
  readonly #log: Logger;
  readonly #clock: EntryClock;
  readonly #streams: Readonly<Record<LogStream, StreamState>>;
  readonly #onClosed: () => void;
  readonly #queue: Batch[] = [];
  #queuedBytes = 0;
  #filling: Batch | undefined;
  /** Of the newest file, when all that is queued will be written. */
  #fileBytes: number;
  #draining: Promise<void> | undefined;
  #waiting: (() => void)[] = [];
  #closed: Promise<void> | undefined;
  #droppedBytes = 0;
  #error: Error | undefined;

  /** @param files opened for writing */
  constructor(
    files: JsonFiles,
    options: LogOptions & {
      readonly attributes: Readonly<Record<string, string>>;
      readonly log: Logger;
      readonly now?: (() => number) | undefined;
      readonly onClosed: () => void;
    },
  ) {
    this.#files = files;
    this.#options = options;
    this.#log = options.log;
    this.#clock = new EntryClock(options.now);
    this.#onClosed = options.onClosed;
    this.#fileBytes = files.size;
    this.#streams = {
      stdout: this.#stream('stdout', options.attributes),
      stderr: this.#stream('stderr', options.attributes),
    };
  }

  get error(): Error | undefined {
    return this.#error;
  }

  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  write(stream: LogStream, chunk: Buffer): boolean {
    if (this.#closed !== undefined) {
      this.#droppedBytes += chunk.length;
      return true;
    }
    const { dropAboveBytes } = this.#options;
    if (dropAboveBytes === undefined) {
      this.#take(this.#streams[stream], chunk);
      return this.#queuedBytes < HOLD_BACK_BYTES;
    }
    this.#takeOrDrop(this.#streams[stream], chunk, this.#queuedBytes < dropAboveBytes);
    return true;
  }

  ready(): Promise<void> {
    if (this.#closed !== undefined || this.#queuedBytes < HOLD_BACK_BYTES) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#clock.mark();
    for (const { splitter } of Object.values(this.#streams)) splitter.flush();
    this.#wake();
    this.#drainSoon();
    await this.#draining;
    try {
      await this.#files.closeWriter();
    } catch (err) {
      this.#failed(err);
    }
    this.#onClosed();
  }

  #stream(name: LogStream, attributes: Readonly<Record<string, string>>): StreamState {
    const encoder = new EntryEncoder(name, attributes);
    const state: StreamState = {
      encoder,
      splitter: new LineSplitter((bytes, from, to, isLine) => this.#entry(state, encoder, bytes, from, to, isLine)),
      pieceTime: undefined,
      isSkipping: false,
    };
    return state;
  }

  #take(state: StreamState, chunk: Buffer): void {
    const { splitter, encoder } = state;
    this.#clock.mark();
    const next = splitter.finishLine(chunk);
    const rest = next === 0 ? chunk : chunk.subarray(next);
    // The end of a long line has the time of its beginning, which the fast way knows nothing of.
    if (state.pieceTime === undefined && rest.length >= MIN_PLAIN_BYTES && isPlainText(rest)) {
      splitter.push(rest.subarray(this.#takePlainLines(encoder, rest)));
    } else {
      splitter.push(rest);
    }
    this.#drainSoon();
  }

  /** The fast way, for what most programs print. Returns where it ends: an unfinished line, or one that is cut into pieces. */
  #takePlainLines(encoder: EntryEncoder, text: Buffer): number {
    const { maxSizeBytes = Number.POSITIVE_INFINITY } = this.#options;
    const clock = this.#clock;
    let at = 0;
    let batch = this.#filling;
    for (let end = text.indexOf(NEWLINE, at); end >= 0; end = text.indexOf(NEWLINE, at)) {
      if (end - at >= MAX_PIECE_BYTES) break;
      const bytes = end - at + encoder.plainBytes;
      const isRotating = this.#fileBytes >= maxSizeBytes;
      if (batch === undefined || isRotating || batch.length + bytes > batch.buffer.length) {
        batch = this.#batch(bytes, isRotating);
      }
      batch.length = encoder.encodePlain(batch.buffer, batch.length, text, at, end, clock.seconds, clock.nanos);
      clock.next();
      batch.outputBytes += end + 1 - at;
      this.#fileBytes += bytes;
      this.#queuedBytes += bytes;
      at = end + 1;
    }
    return at;
  }

  /** For `mode=non-blocking`: what is dropped are whole lines, or the rest of one. */
  #takeOrDrop(state: StreamState, chunk: Buffer, hasRoom: boolean): void {
    if (!hasRoom) {
      this.#droppedBytes += chunk.length;
      this.#droppedBytes += state.splitter.pendingBytes;
      state.splitter.discard();
      state.pieceTime = undefined;
      if (chunk.length > 0) state.isSkipping = chunk[chunk.length - 1] !== NEWLINE;
      return;
    }
    let from = 0;
    if (state.isSkipping) {
      const newline = chunk.indexOf(NEWLINE);
      from = newline < 0 ? chunk.length : newline + 1;
      this.#droppedBytes += from;
      state.isSkipping = newline < 0;
    }
    this.#take(state, chunk.subarray(from));
  }

  #entry(state: StreamState, encoder: EntryEncoder, bytes: Buffer, from: number, to: number, isLine: boolean): void {
    const { maxSizeBytes } = this.#options;
    const isRotating = maxSizeBytes !== undefined && this.#fileBytes >= maxSizeBytes;
    const batch = this.#batch(encoder.room(to - from), isRotating);
    let { seconds, nanos } = this.#clock;
    if (state.pieceTime !== undefined) {
      ({ seconds, nanos } = state.pieceTime);
      if (isLine) state.pieceTime = undefined;
    } else {
      if (!isLine) state.pieceTime = { seconds, nanos };
      this.#clock.next();
    }
    const end = encoder.encode(batch.buffer, batch.length, bytes, from, to, isLine, seconds, nanos);
    const written = end - batch.length;
    batch.length = end;
    batch.outputBytes += to - from + (isLine ? 1 : 0);
    this.#fileBytes += written;
    this.#queuedBytes += written;
  }

  /** The batch for an entry, with that much room. */
  #batch(room: number, isRotating: boolean): Batch {
    const filling = this.#filling;
    if (filling !== undefined && !isRotating && filling.length + room <= filling.buffer.length) return filling;
    if (filling !== undefined) this.#queue.push(filling);
    if (isRotating) this.#fileBytes = 0;
    const batch = { buffer: takeBuffer(room), length: 0, outputBytes: 0, isAfterRotation: isRotating };
    this.#filling = batch;
    return batch;
  }

  #drainSoon(): void {
    if (this.#draining !== undefined || (this.#filling === undefined && this.#queue.length === 0)) return;
    this.#draining = this.#drain();
  }

  async #drain(): Promise<void> {
    for (;;) {
      const batch = this.#queue.shift() ?? this.#filling;
      if (batch === undefined) {
        // Here, with no turn in between: a write that came then would start no new one.
        this.#draining = undefined;
        return;
      }
      if (batch === this.#filling) this.#filling = undefined;
      try {
        await this.#writeOut(batch);
        this.#error = undefined;
      } catch (err) {
        this.#droppedBytes += batch.outputBytes;
        this.#failed(err);
      }
      giveBuffer(batch.buffer);
      this.#queuedBytes -= batch.length;
      if (this.#queuedBytes < HOLD_BACK_BYTES / 2) this.#wake();
    }
  }

  async #writeOut(batch: Batch): Promise<void> {
    const { maxSizeBytes = Number.POSITIVE_INFINITY } = this.#options;
    // Where batches were dropped there is nothing new: to rotate would throw old entries away for it.
    if (batch.isAfterRotation && this.#files.size >= maxSizeBytes) await this.#files.rotate();
    await this.#files.append(batch.buffer.subarray(0, batch.length));
  }

  #failed(err: unknown): void {
    const error = err instanceof Error ? err : new Error(String(err));
    // A full disk fails every write: it is told once.
    if (this.#error === undefined) this.#log.warn({ err, path: this.#files.files.path }, 'write a container log');
    this.#error = error;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
