import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { findTail, findTailForwards, type TailStart } from './tail.js';

/** What is read at once; between two reads the rest of the program has its turn. */
const BLOCK_BYTES = 64 * 1024;

/** One file of a log, opened for reading. The newest one of a log has the highest generation. */
export interface Segment {
  readonly generation: number;
  /** The bytes are no longer in this file: open the generation again and go on at the same offset. */
  readonly isMoved: boolean;
  /** Nothing in it was written later, in milliseconds since 1970. */
  readonly changedAtMs: number;
  /** Up to which bytes are there now, at the end of a line where lines are written as such. Compressed: Infinity. */
  limit(): Promise<number>;
  /** Where the last `count` lines before the limit begin. */
  tail(limit: number, count: number): Promise<TailStart>;
  /**
   * The bytes of `[from, to)`, in blocks that are valid until the next one is asked for. Ends sooner when the file ends
   * or moves.
   */
  blocks(from: number, to: number): AsyncGenerator<Buffer>;
  close(): Promise<void>;
}

/** A file that was rotated: it is as it is. */
export class RotatedSegment implements Segment {
  readonly isMoved = false;

  constructor(
    readonly generation: number,
    readonly changedAtMs: number,
    private readonly handle: FileHandle,
  ) {}

  async limit(): Promise<number> {
    return (await this.handle.stat()).size;
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

/** A file that was rotated and compressed. Its offsets are those of what it holds. */
export class CompressedSegment implements Segment {
  readonly isMoved = false;

  constructor(
    readonly generation: number,
    readonly changedAtMs: number,
    private readonly handle: FileHandle,
  ) {}

  async limit(): Promise<number> {
    return Number.POSITIVE_INFINITY;
  }

  tail(_limit: number, count: number): Promise<TailStart> {
    return findTailForwards(() => this.blocks(0), count);
  }

  async *blocks(from: number): AsyncGenerator<Buffer> {
    const gunzip = createGunzip({ chunkSize: BLOCK_BYTES });
    // An error comes out of the iteration below.
    pipeline(wholeFile(this.handle), gunzip, () => {});
    let skip = from;
    for await (const chunk of gunzip) {
      if (!Buffer.isBuffer(chunk)) continue;
      const skipped = Math.min(skip, chunk.length);
      skip -= skipped;
      if (skipped < chunk.length) yield chunk.subarray(skipped);
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** The bytes of a file from `from` to `to`, or to its end when that comes first. */
export async function* plainBlocks(handle: FileHandle, from: number, to: number): AsyncGenerator<Buffer> {
  const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, Math.max(0, to - from)));
  let at = from;
  while (at < to) {
    const { bytesRead } = await handle.read(block, 0, Math.min(block.length, to - at), at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield block.subarray(0, bytesRead);
  }
}

/**
 * All bytes of a file, in buffers of their own. Streams of a FileHandle are no way: one that is given up keeps the handle
 * from being closed.
 */
export async function* wholeFile(handle: FileHandle): AsyncGenerator<Buffer> {
  for await (const block of plainBlocks(handle, 0, Number.POSITIVE_INFINITY)) yield Buffer.from(block);
}
