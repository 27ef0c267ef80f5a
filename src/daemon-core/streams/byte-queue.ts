const BLOCK_BYTES = 64 * 1024;

/** Bytes in their order, in blocks of their own: many small chunks take no more memory than they have bytes, nearly. */
export class ByteQueue {
  readonly #blockBytes: number;
  /** Each but the last is complete. */
  readonly #blocks: Buffer[] = [];
  /** What is free behind the last block's bytes. */
  #room: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor(blockBytes = BLOCK_BYTES) {
    this.#blockBytes = blockBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Copies the chunk. */
  append(chunk: Buffer): void {
    this.#length += chunk.length;
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#room.length === 0) this.#open();
      const size = rest.copy(this.#room);
      this.#fill(size);
      rest = rest.subarray(size);
    }
  }

  /** The oldest bytes, up to a block of them, which are the caller's from here on. */
  shift(): Buffer | undefined {
    const block = this.#blocks.shift();
    if (block === undefined) return undefined;
    // What is behind it in memory goes with it.
    if (this.#blocks.length === 0) this.#room = this.#room.subarray(this.#room.length);
    this.#length -= block.length;
    return block;
  }

  clear(): void {
    this.#blocks.length = 0;
    this.#room = Buffer.alloc(0);
    this.#length = 0;
  }

  #open(): void {
    this.#room = Buffer.allocUnsafeSlow(this.#blockBytes);
    this.#blocks.push(this.#room.subarray(0, 0));
  }

  #fill(size: number): void {
    const used = this.#blocks.pop()?.length ?? 0;
    const { buffer, byteOffset } = this.#room;
    this.#blocks.push(Buffer.from(buffer, byteOffset - used, used + size));
    this.#room = this.#room.subarray(size);
  }
}
