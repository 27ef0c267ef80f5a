import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import type { Logger } from '../../log/logger.js';
import { isMissing, rotatedName } from './log-names.js';
import { LOG_MODE, RotatedFiles, type RotatedFilesOptions } from './rotated-files.js';
import { plainBlocks, type Segment } from './segment.js';
import { endOfLastLine, findTail, type TailStart } from './tail.js';

/**
 * The files of a `json-file` log, written by one writer in this process. What readers see of the newest file ends with
 * the last batch that was written whole.
 */
export class JsonFiles {
  readonly files: RotatedFiles;
  readonly #log: Logger;
  #handle: FileHandle | undefined;
  /** Of the newest file, up to the last whole batch; undefined while nobody writes. */
  #size: number | undefined;

  constructor(options: RotatedFilesOptions) {
    this.files = new RotatedFiles(options);
    this.#log = options.log;
  }

  /** Bytes of the newest file; 0 while nobody writes. */
  get size(): number {
    return this.#size ?? 0;
  }

  /** Opens the newest file for appending, and mends it: a line that a kill cut off in the middle is taken out. */
  async openForWriting(): Promise<void> {
    await this.files.exclusive(() => this.#open());
    this.files.compressRotated();
  }

  /**
   * Appends whole entries. When it fails nothing of them is in the file.
   * @throws the system's error
   */
  async append(bytes: Buffer): Promise<void> {
    if (this.#handle === undefined) await this.files.exclusive(() => this.#open());
    const handle = this.#handle;
    const size = this.#size;
    if (handle === undefined || size === undefined) return;
    let done = 0;
    try {
      while (done < bytes.length) done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten;
    } catch (err) {
      if (done > 0) await this.#takeBack(handle, size);
      throw err;
    }
    this.#size = size + done;
    this.files.changes.notify();
  }

  /**
   * The newest file becomes `.1`, or goes when one file is all that is kept, and a new one is begun. When a name cannot
   * be changed the newest file goes on to grow: no output is worth losing for it.
   */
  async rotate(): Promise<void> {
    const { files } = this;
    await files.exclusive(async () => {
      try {
        await files.shift();
        if (files.maxFiles < 2) await rm(files.path, { force: true });
        else await rename(files.path, rotatedName(files.path, 1));
      } catch (err) {
        if (!isMissing(err)) {
          this.#log.warn({ err, path: files.path }, 'rotate a log');
          return;
        }
      }
      const before = this.#handle;
      this.#handle = undefined;
      this.#size = 0;
      files.advance();
      await before?.close();
      await this.#open();
    });
  }

  async closeWriter(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#size = undefined;
    await handle?.close();
    this.files.changes.notify();
  }

  openAll(): Promise<Segment[]> {
    return this.files.openAll(this.#newest);
  }

  openGeneration(generation: number): Promise<Segment | undefined> {
    return this.files.openGeneration(generation, this.#newest);
  }

  readonly #newest = (handle: FileHandle, generation: number, changedAtMs: number): Segment => {
    return new WrittenSegment(generation, changedAtMs, handle, () => this.#limit(handle, generation));
  };

  async #limit(handle: FileHandle, generation: number): Promise<number> {
    const { size } = await handle.stat();
    if (this.files.generation !== generation) return size;
    if (this.#size === undefined) return endOfLastLine(handle, size);
    // Somebody emptied the file under the writer, to make room: it goes on from where the file ends.
    if (size < this.#size) this.#size = size;
    return this.#size;
  }

  async #open(): Promise<void> {
    const { path } = this.files;
    const handle = await open(path, 'a+', LOG_MODE);
    try {
      const { size } = await handle.stat();
      const whole = await endOfLastLine(handle, size);
      if (whole < size) {
        this.#log.warn({ path, lostBytes: size - whole }, 'remove the torn end of a log');
        await handle.truncate(whole);
      }
      this.#size = whole;
      this.#handle = handle;
      this.files.changes.notify();
    } catch (err) {
      await handle.close();
      throw err;
    }
  }

  async #takeBack(handle: FileHandle, size: number): Promise<void> {
    try {
      await handle.truncate(size);
    } catch (err) {
      // The next append opens the file anew, which mends it.
      this.#log.warn({ err, path: this.files.path }, 'take back a part of a log entry');
      this.#handle = undefined;
      await handle.close();
    }
  }
}

/** The newest file: after a rotation it is the same under another name, and still open. */
class WrittenSegment implements Segment {
  readonly isMoved = false;

  constructor(
    readonly generation: number,
    readonly changedAtMs: number,
    private readonly handle: FileHandle,
    readonly limit: () => Promise<number>,
  ) {}

  tail(limit: number, count: number): Promise<TailStart> {
    return findTail(this.handle, limit, count);
  }

  blocks(from: number, to: number): AsyncGenerator<Buffer> {
    return plainBlocks(this.handle, from, to);
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
