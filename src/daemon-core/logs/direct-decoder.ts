import type { EntryDecoder } from './entry-decoder.js';
import { LineSplitter } from './line-splitter.js';
import type { LogEntry, LogStream } from './log-driver.js';

/** Lines of raw output. Nothing tells when they were written: their time is that of the file's last change. */
export class DirectDecoder implements EntryDecoder {
  readonly #stream: LogStream;
  readonly #splitter: LineSplitter;
  #entries: LogEntry[] = [];
  #timeMs = 0;

  constructor(stream: LogStream) {
    this.#stream = stream;
    this.#splitter = new LineSplitter((bytes, from, to, isLine) => this.#add(bytes, from, to, isLine));
  }

  get hasRest(): boolean {
    return this.#splitter.pendingBytes > 0;
  }

  at(changedAtMs: number): void {
    this.#timeMs = Math.floor(changedAtMs);
  }

  push(block: Buffer): LogEntry[] {
    this.#splitter.push(block);
    return this.#taken();
  }

  /** A rotation may cut a line: it goes on in the next file. */
  endOfFile(): void {}

  rest(): LogEntry[] {
    this.#splitter.flush();
    return this.#taken();
  }

  reset(): void {
    this.#splitter.discard();
  }

  #add(bytes: Buffer, from: number, to: number, isLine: boolean): void {
    const line = Buffer.allocUnsafe(to - from + (isLine ? 1 : 0));
    bytes.copy(line, 0, from, to);
    if (isLine) line[to - from] = 0x0a;
    this.#entries.push({
      stream: this.#stream,
      time: new Date(this.#timeMs),
      timeNano: BigInt(this.#timeMs) * 1_000_000n,
      line,
      partial: !isLine,
    });
  }

  #taken(): LogEntry[] {
    const entries = this.#entries;
    this.#entries = [];
    return entries;
  }
}
