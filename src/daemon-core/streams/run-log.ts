import type { LogStream, LogWriter } from '../logs/log-driver.js';
import { ByteQueue } from './byte-queue.js';

/** The log of one run, as its two outputs write to it. */
export class RunLog {
  /** The writer takes no more for now: both outputs are to be held back. */
  isBusy = false;
  readonly #writer: LogWriter;
  readonly #onChange: () => void;
  /** What a source gave though it was told to wait; there is little of it. */
  readonly #late: { readonly stream: LogStream; readonly bytes: ByteQueue }[] = [];
  #closing: Promise<void> | undefined;

  /** @param onChange called when `isBusy` changes */
  constructor(writer: LogWriter, onChange: () => void) {
    this.#writer = writer;
    this.#onChange = onChange;
  }

  /** Bytes are copied or written when it returns. */
  write(stream: LogStream, chunk: Buffer): void {
    if (this.#closing !== undefined) return;
    if (this.isBusy) this.#keep(stream, chunk);
    else if (!this.#writer.write(stream, chunk)) void this.#waitUntilReady();
  }

  /** Settles when the log has all. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #keep(stream: LogStream, chunk: Buffer): void {
    let last = this.#late.at(-1);
    if (last?.stream !== stream) {
      last = { stream, bytes: new ByteQueue() };
      this.#late.push(last);
    }
    last.bytes.append(chunk);
  }

  async #waitUntilReady(): Promise<void> {
    this.isBusy = true;
    this.#onChange();
    do await this.#writer.ready();
    while (!this.#writeLate());
    this.isBusy = false;
    this.#onChange();
  }

  /** @returns false: busy again */
  #writeLate(): boolean {
    for (let first = this.#late[0]; first !== undefined; first = this.#late[0]) {
      const chunk = first.bytes.shift();
      if (chunk === undefined) this.#late.shift();
      else if (!this.#writer.write(first.stream, chunk)) return false;
    }
    return true;
  }

  async #close(): Promise<void> {
    for (const { stream, bytes } of this.#late.splice(0)) {
      for (let chunk = bytes.shift(); chunk !== undefined; chunk = bytes.shift()) this.#writer.write(stream, chunk);
    }
    await this.#writer.close();
  }
}
