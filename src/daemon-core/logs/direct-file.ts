import { ftruncateSync, readSync, renameSync, writeSync } from 'node:fs';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import type { Change } from './change.js';
import { copyName, isMissing, rotatedName } from './log-names.js';
import type { SegmentSource } from './read-segments.js';
import { LOG_MODE, RotatedFiles, type RotatedFilesOptions } from './rotated-files.js';
import type { Segment } from './segment.js';
import { findTail, type TailStart } from './tail.js';

const COPY_BYTES = 256 * 1024;
/** What may be left for the copy that nothing can interrupt. */
const LAST_COPY_BYTES = 1024 * 1024;
/** A writer that is faster than the copy is not waited for any longer than that. */
const MAX_PASSES = 8;

/** One stream's file, which a shim appends to. It is rotated by copying it and cutting it to nothing. */
export class DirectFile implements SegmentSource {
  readonly #files: RotatedFiles;

  constructor(options: RotatedFilesOptions) {
    this.#files = new RotatedFiles(options);
  }

  get path(): string {
    return this.#files.path;
  }

  get changes(): Change {
    return this.#files.changes;
  }

  get generation(): number {
    return this.#files.generation;
  }

  /**
   * Rotates when the file has grown to `maxSizeBytes`. What the shim writes in the microseconds between the last read and
   * the cut is lost.
   * @throws the system's error; the file is as it was then
   */
  async rotateIfGrown(maxSizeBytes: number): Promise<void> {
    const size = await stat(this.path).then(
      (found) => found.size,
      (err: unknown) => {
        if (!isMissing(err)) throw err;
        return 0;
      },
    );
    if (size >= maxSizeBytes) await this.#rotate();
  }

  /** Resumes the compressing that an earlier engine left, and removes its unfinished copy. */
  async tidy(): Promise<void> {
    await rm(copyName(this.path), { force: true });
    this.#files.compressRotated();
  }

  compressed(): Promise<void> {
    return this.#files.compressed();
  }

  exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#files.exclusive(work);
  }

  close(): Promise<void> {
    return this.#files.close();
  }

  openAll(): Promise<Segment[]> {
    return this.#files.openAll(this.#newest);
  }

  openGeneration(generation: number): Promise<Segment | undefined> {
    return this.#files.openGeneration(generation, this.#newest);
  }

  readonly #newest = (handle: FileHandle, generation: number, changedAtMs: number): Segment => {
    return new DirectSegment(this.#files, handle, generation, changedAtMs);
  };

  async #rotate(): Promise<void> {
    const { path, maxFiles } = this.#files;
    const source = await open(path, 'r+');
    try {
      if (maxFiles < 2) {
        await this.#files.exclusive(async () => {
          await source.truncate(0);
          this.#files.advance();
        });
        return;
      }
      const copy = await open(copyName(path), 'w', LOG_MODE);
      try {
        const copied = await copyMost(source, copy);
        await this.#files.exclusive(async () => {
          await this.#files.shift();
          copyRest(source, copy, copied);
          renameSync(copyName(path), rotatedName(path, 1));
          ftruncateSync(source.fd, 0);
          this.#files.advance();
        });
      } catch (err) {
        await rm(copyName(path), { force: true });
        throw err;
      } finally {
        await copy.close();
      }
    } finally {
      await source.close();
    }
  }
}

/** Copies until little is left. Returns how much was copied. */
async function copyMost(source: FileHandle, copy: FileHandle): Promise<number> {
  const block = Buffer.allocUnsafe(COPY_BYTES);
  let at = 0;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const { size } = await source.stat();
    if (pass > 0 && size - at <= LAST_COPY_BYTES) break;
    while (at < size) {
      const { bytesRead } = await source.read(block, 0, block.length, at);
      if (bytesRead === 0) break;
      let written = 0;
      while (written < bytesRead) written += (await copy.write(block, written, bytesRead - written)).bytesWritten;
      at += bytesRead;
    }
  }
  return at;
}

/** Without a turn of the event loop until the caller has cut the file, so that as little as can be is written in between. */
function copyRest(source: FileHandle, copy: FileHandle, from: number): void {
  const block = Buffer.allocUnsafe(COPY_BYTES);
  for (let at = from; ; ) {
    const bytesRead = readSync(source.fd, block, 0, block.length, at);
    if (bytesRead === 0) return;
    for (let written = 0; written < bytesRead; ) written += writeSync(copy.fd, block, written, bytesRead - written);
    at += bytesRead;
  }
}

/** The newest file. A rotation takes the bytes out of it: each look at them keeps rotations away. */
class DirectSegment implements Segment {
  readonly generation: number;
  readonly #files: RotatedFiles;
  readonly #handle: FileHandle;
  #changedAtMs: number;

  constructor(files: RotatedFiles, handle: FileHandle, generation: number, changedAtMs: number) {
    this.#files = files;
    this.#handle = handle;
    this.generation = generation;
    this.#changedAtMs = changedAtMs;
  }

  get isMoved(): boolean {
    return this.#files.generation !== this.generation;
  }

  get changedAtMs(): number {
    return this.#changedAtMs;
  }

  limit(): Promise<number> {
    return this.#files.exclusive(async () => {
      const { size, mtimeMs } = await this.#handle.stat();
      this.#changedAtMs = mtimeMs;
      return size;
    });
  }

  tail(limit: number, count: number): Promise<TailStart> {
    return this.#files.exclusive(() => findTail(this.#handle, limit, count));
  }

  async *blocks(from: number, to: number): AsyncGenerator<Buffer> {
    const block = Buffer.allocUnsafe(Math.min(COPY_BYTES, Math.max(0, to - from)));
    let at = from;
    while (at < to) {
      const length = Math.min(block.length, to - at);
      const bytesRead = await this.#files.exclusive(async () =>
        this.isMoved ? 0 : (await this.#handle.read(block, 0, length, at)).bytesRead,
      );
      if (bytesRead === 0) return;
      at += bytesRead;
      yield block.subarray(0, bytesRead);
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
