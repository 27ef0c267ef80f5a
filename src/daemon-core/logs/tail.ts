import type { FileHandle } from 'node:fs/promises';

const NEWLINE = 0x0a;
const BLOCK_BYTES = 64 * 1024;

/** Where reading begins to get the last lines of a file. */
export interface TailStart {
  readonly offset: number;
  /** How many lines are there from the offset on; at most as many as were asked for. */
  readonly lines: number;
}

/** Finds the last `count` lines of `[0, to)`, reading backwards. Bytes after the last end of line are a line too. */
export async function findTail(handle: FileHandle, to: number, count: number): Promise<TailStart> {
  const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, Math.max(1, to)));
  let lines = 0;
  let end = to;
  while (end > 0) {
    const start = Math.max(0, end - block.length);
    const { bytesRead } = await handle.read(block, 0, end - start, start);
    for (let at = bytesRead; at > 0; ) {
      const newline = block.lastIndexOf(NEWLINE, at - 1);
      if (newline < 0) break;
      // The very last byte ends a line that is not counted yet; any other one stands before a line.
      if (start + newline + 1 < to) {
        lines += 1;
        if (lines === count) return { offset: start + newline + 1, lines };
      }
      at = newline;
    }
    end = start;
  }
  return { offset: 0, lines: to > 0 ? lines + 1 : 0 };
}

/**
 * The same for bytes that can be read forwards only.
 * @param blocks gives them from the beginning; called twice
 */
export async function findTailForwards(blocks: () => AsyncIterable<Buffer>, count: number): Promise<TailStart> {
  let total = 0;
  let isOpen = false;
  for await (const block of blocks()) {
    for (let at = block.indexOf(NEWLINE); at >= 0; at = block.indexOf(NEWLINE, at + 1)) total += 1;
    isOpen = block[block.length - 1] !== NEWLINE;
  }
  if (isOpen) total += 1;
  let skip = total - count;
  if (skip <= 0) return { offset: 0, lines: total };
  let offset = 0;
  for await (const block of blocks()) {
    for (let at = block.indexOf(NEWLINE); at >= 0; at = block.indexOf(NEWLINE, at + 1)) {
      skip -= 1;
      if (skip === 0) return { offset: offset + at + 1, lines: count };
    }
    offset += block.length;
  }
  return { offset, lines: 0 };
}

/** The offset after the last end of line in `[0, to)`; 0 when there is none. */
export async function endOfLastLine(handle: FileHandle, to: number): Promise<number> {
  const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, Math.max(1, to)));
  let end = to;
  while (end > 0) {
    const start = Math.max(0, end - block.length);
    const { bytesRead } = await handle.read(block, 0, end - start, start);
    const newline = bytesRead === 0 ? -1 : block.lastIndexOf(NEWLINE, bytesRead - 1);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}
