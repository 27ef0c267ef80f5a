/** Fits an entry of 16 KiB of the worst text, with room for the rest. */
export const POOLED_BYTES = 128 * 1024;
const MAX_FREE = 16;

const free: Buffer[] = [];

/** A buffer of at least that size. Idle logs have none: all containers share those that are free. */
export function takeBuffer(bytes: number): Buffer {
  if (bytes > POOLED_BYTES) return Buffer.allocUnsafeSlow(bytes);
  return free.pop() ?? Buffer.allocUnsafeSlow(POOLED_BYTES);
}

/** Gives it back; nobody may hold a view of it any more. */
export function giveBuffer(buffer: Buffer): void {
  if (buffer.length === POOLED_BYTES && free.length < MAX_FREE) free.push(buffer);
}
