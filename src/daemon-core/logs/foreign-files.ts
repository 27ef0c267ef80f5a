import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { Change } from './change.js';
import { isMissing, rotatedName } from './log-names.js';
import type { Place, SegmentSource } from './read-segments.js';
import { CompressedSegment, plainBlocks, RotatedSegment, type Segment } from './segment.js';
import { endOfLastLine, findTail, type TailStart } from './tail.js';

/** More rotations in a row than this, each in the middle of a look, there are not. */
const MAX_LOOKS = 10;
/** In the middle of a rotation a name is missing; where three are, there are no older files. */
const MAX_GAP = 3;
/** Has the time of a file's first entry in it, unless that is long, and then enough of its text. */
const HEAD_BYTES = 4096;

/**
 * The files of a `json-file` log that another process writes, compresses and rotates, as one reader sees them. Nobody tells of
 * a rotation: the newest file is another one then. It is looked at with each `refresh`. To be closed.
 */
export class ForeignFiles implements SegmentSource {
  readonly path: string;
  readonly changes = new Change();
  readonly #maxFiles: number;
  /** The newest file as it was last seen; held open, so that no other file gets its number. */
  #newest: { readonly handle: FileHandle; readonly id: string } | undefined;
  #generation = 0;
  #hasLooked = false;
  readonly #mark: BigIntStats | undefined;
  #marked: Place | undefined;

  /** @param mark the newest file as it was at some time, for `marked` */
  constructor(path: string, maxFiles: number, mark?: BigIntStats) {
    this.path = path;
    this.#maxFiles = maxFiles;
    this.#mark = mark;
  }

  /** Where the last whole line of the mark ends; undefined when its file is gone. Known from `openAll` on. */
  get marked(): Place | undefined {
    return this.#marked;
  }

  get generation(): number {
    return this.#generation;
  }

  async refresh(): Promise<void> {
    const id = await stat(this.path, { bigint: true }).then(idOf, unlessMissing);
    if (id === undefined || id === this.#newest?.id) return;
    await closeAll(await this.#look());
  }

  openAll(): Promise<Segment[]> {
    return this.#look();
  }

  async openGeneration(generation: number): Promise<Segment | undefined> {
    const all = await this.#look();
    const wanted = all.find((each) => each.generation === generation);
    await closeAll(all.filter((each) => each !== wanted));
    return wanted;
  }

  async close(): Promise<void> {
    const newest = this.#newest;
    this.#newest = undefined;
    await newest?.handle.close();
  }

  /** Opens every file that is there, from the oldest to the newest, all at one moment between two rotations. */
  async #look(): Promise<Segment[]> {
    for (let looks = 1; ; looks++) {
      const found = await this.#openEach();
      const newest = found.find((each) => each.isNewest);
      const now = await stat(this.path, { bigint: true }).then(idOf, unlessMissing);
      let isGood = newest?.id === now || looks === MAX_LOOKS;
      try {
        if (isGood) return await this.#number(found);
      } catch (err) {
        isGood = false;
        throw err;
      } finally {
        if (!isGood) await Promise.all(found.map(({ handle }) => handle.close()));
      }
    }
  }

  /**
   * From the newest to the oldest: a file that a rotation moves meanwhile moves towards us and is met twice, and none is
   * missed.
   */
  async #openEach(): Promise<OpenFile[]> {
    const found: OpenFile[] = [];
    let missing = 0;
    try {
      for (let age = 0; age < this.#maxFiles && missing < MAX_GAP; age++) {
        missing += 1;
        for (const isCompressed of age === 0 ? [false] : [false, true]) {
          const handle = await open(rotatedName(this.path, age, isCompressed), 'r').catch(unlessMissing);
          if (handle === undefined) continue;
          missing = 0;
          const stats = await handle.stat({ bigint: true });
          const id = idOf(stats);
          if (found.some((each) => each.id === id)) await handle.close();
          else found.push({ handle, id, isCompressed, changedAtMs: Number(stats.mtimeMs), isNewest: age === 0 });
          break;
        }
      }
      return found;
    } catch (err) {
      await Promise.all(found.map(({ handle }) => handle.close()));
      throw err;
    }
  }

  /** Gives each its generation: that of the file that was the newest before is known, and the others stand around it. */
  async #number(found: readonly OpenFile[]): Promise<Segment[]> {
    const [newest] = found;
    const isFirstLook = !this.#hasLooked;
    this.#hasLooked = true;
    if (newest === undefined) return [];
    const before = this.#newest;
    if (newest.id !== before?.id) {
      // Where there was nothing, what comes first is the first.
      if (before === undefined) this.#generation += isFirstLook ? 0 : found.length - 1;
      else this.#generation += (await ageOf(before, found)) ?? found.length;
      this.#newest = { handle: await open(`/proc/self/fd/${newest.handle.fd}`, 'r'), id: newest.id };
      await before?.handle.close();
    }
    const mark = this.#mark;
    const marked = mark === undefined ? -1 : found.findIndex((each) => each.id === idOf(mark));
    const handle = found[marked]?.handle;
    if (handle !== undefined && mark !== undefined) {
      const offset = await endOfLastLine(handle, Number(mark.size));
      this.#marked = { generation: this.#generation - marked, offset };
    }
    return found.map((file, index) => this.#segment(file, this.#generation - index)).reverse();
  }

  #segment({ handle, isCompressed, isNewest, changedAtMs }: OpenFile, generation: number): Segment {
    if (isCompressed) return new CompressedSegment(generation, changedAtMs, handle);
    if (!isNewest) return new RotatedSegment(generation, changedAtMs, handle);
    return new GrowingSegment(generation, changedAtMs, handle, () => this.#generation !== generation);
  }
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly id: string;
  readonly isCompressed: boolean;
  readonly isNewest: boolean;
  readonly changedAtMs: number;
}

/** The file that is written to. What is being written ends in the middle of a line. */
class GrowingSegment implements Segment {
  readonly isMoved = false;

  constructor(
    readonly generation: number,
    readonly changedAtMs: number,
    private readonly handle: FileHandle,
    private readonly isRotated: () => boolean,
  ) {}

  async limit(): Promise<number> {
    const { size } = await this.handle.stat();
    return this.isRotated() ? size : endOfLastLine(this.handle, size);
  }

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

/** Where a file is now. A compressed copy is another file, and begins with the same entry, whose time no other one has. */
async function ageOf(
  file: { readonly handle: FileHandle; readonly id: string },
  found: readonly OpenFile[],
): Promise<number | undefined> {
  const byId = found.findIndex((each) => each.id === file.id);
  if (byId >= 0) return byId;
  const head = await headOf(plainBlocks(file.handle, 0, HEAD_BYTES));
  for (const [age, { handle, isCompressed, changedAtMs }] of found.entries()) {
    if (!isCompressed) continue;
    if (head.equals(await headOf(new CompressedSegment(0, changedAtMs, handle).blocks(0)))) return age;
  }
  return undefined;
}

async function headOf(blocks: AsyncIterable<Buffer>): Promise<Buffer> {
  for await (const block of blocks) return Buffer.from(block.subarray(0, HEAD_BYTES));
  return Buffer.alloc(0);
}

function idOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`;
}

function unlessMissing(err: unknown): undefined {
  if (!isMissing(err)) throw err;
  return undefined;
}

async function closeAll(segments: readonly Segment[]): Promise<void> {
  await Promise.all(segments.map((each) => each.close()));
}
