import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Logger } from '../../log/logger.js';
import { Change } from './change.js';
import { isMissing, rotatedName, unfinishedName } from './log-names.js';
import { CompressedSegment, RotatedSegment, type Segment, wholeFile } from './segment.js';

/** Mode of every file of a log, as Docker has it. */
export const LOG_MODE = 0o640;

export interface RotatedFilesOptions {
  /** Of the newest file. */
  readonly path: string;
  readonly maxFiles: number;
  readonly compress: boolean;
  readonly log: Logger;
}

/** Makes the segment of the newest file, which is still written to. */
export type OpenNewest = (handle: FileHandle, generation: number, changedAtMs: number) => Segment;

/**
 * The files of one log: the newest, and those that were rotated, `.1` to `.N`, compressed or not. A file keeps its
 * generation while rotations change its name. Whoever opens or renames one does it in `exclusive`.
 */
export class RotatedFiles {
  readonly path: string;
  readonly maxFiles: number;
  readonly changes = new Change();
  readonly #compress: boolean;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  #generation = 0;
  #last: Promise<unknown> = Promise.resolve();
  #compressing: Promise<void> | undefined;

  constructor(options: RotatedFilesOptions) {
    this.path = options.path;
    this.maxFiles = options.maxFiles;
    this.#compress = options.compress;
    this.#log = options.log;
  }

  /** Of the newest file. */
  get generation(): number {
    return this.#generation;
  }

  /** Runs alone among those that open or rename files. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Makes room for a new `.1`; what was the oldest is gone. In `exclusive`. */
  async shift(): Promise<void> {
    if (this.maxFiles < 2) return;
    const oldest = this.maxFiles - 1;
    for (const compressed of [false, true]) await rm(rotatedName(this.path, oldest, compressed), { force: true });
    for (let age = oldest - 1; age >= 1; age--) {
      for (const compressed of [false, true]) {
        const from = rotatedName(this.path, age, compressed);
        await rename(from, rotatedName(this.path, age + 1, compressed)).catch(ignoreMissing);
      }
    }
  }

  /** The newest file's content is in `.1` now, or gone. In `exclusive`. */
  advance(): void {
    this.#generation += 1;
    this.changes.notify();
    this.compressRotated();
  }

  /** Compresses in the background what is not yet compressed, also what an earlier engine left. */
  compressRotated(): void {
    if (!this.#compress || this.#compressing !== undefined) return;
    this.#compressing = this.#compressAll()
      .catch((err: unknown) => {
        if (!this.#closing.signal.aborted) this.#log.warn({ err, path: this.path }, 'compress a rotated log');
      })
      .finally(() => {
        this.#compressing = undefined;
      });
  }

  /** Resolves when nothing is being compressed. */
  async compressed(): Promise<void> {
    while (this.#compressing !== undefined) await this.#compressing;
  }

  /** Ends the compressing; what is not finished is begun again by the next engine. Opening still works. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.compressed();
  }

  /** Every file that is there, from the oldest to the newest. */
  openAll(newest: OpenNewest): Promise<Segment[]> {
    return this.exclusive(async () => {
      const segments: Segment[] = [];
      try {
        for (let age = this.maxFiles - 1; age >= 0; age--) {
          const segment = await this.#open(age, newest);
          if (segment !== undefined) segments.push(segment);
        }
        return segments;
      } catch (err) {
        await Promise.all(segments.map((each) => each.close()));
        throw err;
      }
    });
  }

  /** The file of a generation; undefined when it was rotated away or is not yet there. */
  openGeneration(generation: number, newest: OpenNewest): Promise<Segment | undefined> {
    return this.exclusive(async () => {
      const age = this.#generation - generation;
      return age < 0 || age >= this.maxFiles ? undefined : this.#open(age, newest);
    });
  }

  async #open(age: number, newest: OpenNewest): Promise<Segment | undefined> {
    const generation = this.#generation - age;
    for (const compressed of age === 0 ? [false] : [false, true]) {
      const handle = await open(rotatedName(this.path, age, compressed), 'r').catch(ignoreMissing);
      if (handle === undefined) continue;
      const { mtimeMs } = await handle.stat();
      if (age === 0) return newest(handle, generation, mtimeMs);
      return new (compressed ? CompressedSegment : RotatedSegment)(generation, mtimeMs, handle);
    }
    return undefined;
  }

  async #compressAll(): Promise<void> {
    const unfinished = unfinishedName(this.path);
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const next = await this.exclusive(() => this.#openUncompressed());
      if (next === undefined) return;
      try {
        await writeGzip(next.handle, unfinished, signal);
        await this.exclusive(async () => {
          // Rotations may have given it another name meanwhile, or thrown it away.
          const age = this.#generation - next.generation;
          if (age >= this.maxFiles) return rm(unfinished, { force: true });
          await rename(unfinished, rotatedName(this.path, age, true));
          return rm(rotatedName(this.path, age), { force: true });
        });
      } catch (err) {
        await rm(unfinished, { force: true });
        throw err;
      } finally {
        await next.handle.close();
      }
    }
  }

  async #openUncompressed(): Promise<{ handle: FileHandle; generation: number } | undefined> {
    for (let age = this.maxFiles - 1; age >= 1; age--) {
      const handle = await open(rotatedName(this.path, age), 'r').catch(ignoreMissing);
      if (handle !== undefined) return { handle, generation: this.#generation - age };
    }
    return undefined;
  }
}

/** zlib works in a thread. The copy has the original's time of change, by which readers skip what is too old. */
async function writeGzip(source: FileHandle, path: string, signal: AbortSignal): Promise<void> {
  const { atime, mtime } = await source.stat();
  const target = await open(path, 'w', LOG_MODE);
  try {
    await pipeline(
      wholeFile(source),
      createGzip(),
      async (compressed: AsyncIterable<Buffer>) => {
        for await (const chunk of compressed) await target.appendFile(chunk);
      },
      { signal },
    );
    await target.utimes(atime, mtime);
    // The original goes after this: a crash of the machine must not take both.
    await target.datasync();
  } finally {
    await target.close();
  }
}

function ignoreMissing(err: unknown): undefined {
  if (!isMissing(err)) throw err;
  return undefined;
}
