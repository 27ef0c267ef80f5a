import { randomBytes } from 'node:crypto';
import { close, mkdirSync, openSync, read, unlinkSync, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ByteQueue } from './byte-queue.js';

const writeFd = promisify(write);
const readFd = promisify(read);
const closeFd = promisify(close);

const BLOCK_BYTES = 256 * 1024;

/**
 * Bytes in their order, on disk. The file has no name: whatever happens to this process, the kernel frees it. It is used as a
 * ring, so that it never becomes larger than its limit, however much goes through it.
 */
export class SpillFile {
  readonly #fd: number;
  readonly #limitBytes: number;
  /** Not on disk yet. */
  readonly #waiting = new ByteQueue(BLOCK_BYTES);
  #written = 0;
  #read = 0;
  #length = 0;
  #writing: Promise<void> | undefined;
  #nextWrite: Promise<void> = Promise.resolve();
  #reading: Promise<unknown> | undefined;
  #error: unknown;
  #isClosed = false;

  private constructor(fd: number, limitBytes: number) {
    this.#fd = fd;
    this.#limitBytes = limitBytes;
  }

  /** @throws what the system says when the folder or the file cannot be made */
  static open(folder: string, limitBytes: number): SpillFile {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `spill-${randomBytes(8).toString('hex')}`);
    // Both at once: a kill finds no time to leave the name behind.
    const fd = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return new SpillFile(fd, limitBytes);
  }

  /** Bytes that were appended and not read yet. */
  get length(): number {
    return this.#length;
  }

  /** Those of them that are in memory, for the disk is slower than they came. */
  get backlog(): number {
    return this.#length - (this.#written - this.#read);
  }

  /**
   * Copies the chunk and never waits. The caller keeps `length` within the limit.
   * @param onWritten called after each piece that came to the disk, and after a failure, which the next `read` tells
   */
  append(chunk: Buffer, onWritten: () => void): void {
    this.#length += chunk.length;
    this.#waiting.append(chunk);
    this.#writing ??= this.#writeAll(onWritten);
  }

  /**
   * The oldest bytes, `undefined` when there are none. One call at a time.
   * @throws what the system said to a write or the read
   */
  async read(): Promise<Buffer | undefined> {
    while (
      this.#written === this.#read &&
      this.#writing !== undefined &&
      this.#error === undefined &&
      !this.#isClosed
    ) {
      await this.#nextWrite;
    }
    if (this.#error !== undefined) throw this.#error;
    const at = this.#read % this.#limitBytes;
    const size = Math.min(BLOCK_BYTES, this.#written - this.#read, this.#limitBytes - at);
    if (size <= 0 || this.#isClosed) return undefined;
    const reading = readFd(this.#fd, Buffer.allocUnsafeSlow(size), 0, size, at);
    this.#reading = reading;
    const { bytesRead, buffer } = await reading;
    if (bytesRead === 0) throw new Error('read a spill file: it ends too early');
    this.#read += bytesRead;
    this.#length -= bytesRead;
    return buffer.subarray(0, bytesRead);
  }

  /** Forgets all, and frees the disk once the system is done with what is under way. Safe to call twice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting.clear();
    void Promise.allSettled([this.#writing, this.#reading]).then(() => closeFd(this.#fd).catch(() => {}));
  }

  async #writeAll(onWritten: () => void): Promise<void> {
    // Started by an append that holds its bytes already; what comes in the same step goes along.
    await Promise.resolve();
    for (let block = this.#waiting.shift(); block !== undefined; block = this.#waiting.shift()) {
      const step = this.#writeBlock(block);
      this.#nextWrite = step.catch(() => {});
      try {
        await step;
      } catch (err) {
        this.#error = err;
        this.#waiting.clear();
      }
      if (this.#isClosed) return;
      onWritten();
    }
    this.#writing = undefined;
  }

  async #writeBlock(block: Buffer): Promise<void> {
    for (let done = 0; done < block.length; ) {
      const at = this.#written % this.#limitBytes;
      const size = Math.min(block.length - done, this.#limitBytes - at);
      const { bytesWritten } = await writeFd(this.#fd, block, done, size, at);
      done += bytesWritten;
      this.#written += bytesWritten;
    }
  }
}
