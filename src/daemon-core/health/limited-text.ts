import type { Readable } from 'node:stream';

const MARK = '...';

/** Cuts a text to so many bytes of UTF-8, never inside a character; `...` at its end says that something is missing. */
export function limitText(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  return bytes.length <= maxBytes ? text : cut(bytes, maxBytes);
}

/** The beginning of what a process prints. All of it is read, so that the process is not held up. */
export class LimitedOutput {
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  read(stream: Readable | undefined): void {
    stream?.on('data', (chunk: Buffer) => this.#add(chunk));
    // A stream that breaks has ended: what came until then is the output.
    stream?.on('error', () => {});
  }

  /** At most `maxBytes` of UTF-8, with `...` when that is not all. What is no UTF-8 is replaced. */
  text(): string {
    return limitText(Buffer.concat(this.#chunks).toString(), this.#maxBytes);
  }

  /** One byte more than asked for is kept: it tells that something is missing. */
  #add(chunk: Buffer): void {
    const room = this.#maxBytes + 1 - this.#bytes;
    if (room <= 0) return;
    // A copy: the chunk may be a small part of a buffer that would be kept whole.
    const kept = Buffer.from(chunk.subarray(0, room));
    this.#chunks.push(kept);
    this.#bytes += kept.length;
  }
}

function cut(bytes: Buffer, maxBytes: number): string {
  let end = maxBytes - MARK.length;
  // Bytes 10xxxxxx go on with a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString() + MARK;
}
