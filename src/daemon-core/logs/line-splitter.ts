import { utf8Expected } from './entry-encoder.js';

/** A longer line is written in pieces of this many bytes (moby `daemon/logger/copier.go`). */
export const MAX_PIECE_BYTES = 16 * 1024;
const NEWLINE = 0x0a;
const FIRST_PENDING_BYTES = 256;

/**
 * Takes a piece of a line, without its end. The bytes are valid during the call only.
 * @param isLine an end of line follows
 */
export type TakePiece = (bytes: Buffer, from: number, to: number, isLine: boolean) => void;

/**
 * Cuts output into lines, however it comes in chunks, and long lines into pieces of 16 KiB. A piece ends before a
 * character that would be torn, where Docker tears it. Holds an unfinished line back, so at most 16 KiB.
 */
export class LineSplitter {
  readonly #take: TakePiece;
  #pending: Buffer | undefined;
  #length = 0;

  constructor(take: TakePiece) {
    this.#take = take;
  }

  /** Bytes of the unfinished line. */
  get pendingBytes(): number {
    return this.#length;
  }

  /** Takes of the chunk what belongs to the unfinished line. Returns where the next line begins in it. */
  finishLine(chunk: Buffer): number {
    let at = 0;
    while (this.#length > 0 && at < chunk.length) at = this.#fill(chunk, at);
    return at;
  }

  push(chunk: Buffer): void {
    let at = this.finishLine(chunk);
    while (at < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, at);
      const end = newline < 0 ? chunk.length : newline;
      while (end - at >= MAX_PIECE_BYTES) {
        const cut = pieceEnd(chunk, at);
        this.#take(chunk, at, cut, false);
        at = cut;
      }
      if (newline < 0) {
        this.#hold(chunk, at, end);
        return;
      }
      this.#take(chunk, at, newline, true);
      at = newline + 1;
    }
  }

  /** Gives the unfinished line out, as a piece. */
  flush(): void {
    if (this.#length > 0 && this.#pending !== undefined) this.#take(this.#pending, 0, this.#length, false);
    this.discard();
  }

  /** Forgets the unfinished line. */
  discard(): void {
    this.#length = 0;
    this.#pending = undefined;
  }

  /** Adds to the unfinished line up to its end, or to a full piece. Returns where the chunk goes on. */
  #fill(chunk: Buffer, from: number): number {
    const newline = chunk.indexOf(NEWLINE, from);
    const end = Math.min(newline < 0 ? chunk.length : newline, from + MAX_PIECE_BYTES - this.#length);
    const pending = this.#hold(chunk, from, end);
    if (this.#length === MAX_PIECE_BYTES) {
      const cut = pieceEnd(pending, 0);
      this.#take(pending, 0, cut, false);
      pending.copyWithin(0, cut, MAX_PIECE_BYTES);
      this.#length = MAX_PIECE_BYTES - cut;
      return end;
    }
    if (end !== newline) return end;
    this.#take(pending, 0, this.#length, true);
    this.discard();
    return newline + 1;
  }

  #hold(chunk: Buffer, from: number, to: number): Buffer {
    const length = this.#length + to - from;
    let pending = this.#pending;
    if (pending === undefined || pending.length < length) {
      const size = Math.min(MAX_PIECE_BYTES, Math.max(FIRST_PENDING_BYTES, length * 2));
      const larger = Buffer.allocUnsafeSlow(size);
      pending?.copy(larger, 0, 0, this.#length);
      pending = this.#pending = larger;
    }
    chunk.copy(pending, this.#length, from, to);
    this.#length = length;
    return pending;
  }
}

/** Where the full piece from `from` on ends: before its last character when that is not all there. */
function pieceEnd(bytes: Buffer, from: number): number {
  const end = from + MAX_PIECE_BYTES;
  for (let back = 1; back < 4; back++) {
    const byte = bytes[end - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    return utf8Expected(byte) > back ? end - back : end;
  }
  return end;
}
