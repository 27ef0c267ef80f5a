import { type FrameHeader, HEADER_BYTES, MAX_PAYLOAD_BYTES } from './frame.js';

export interface Frame extends FrameHeader {
  /** May be a view of the chunk that was pushed. Undefined when over the limit: it was read and thrown away. */
  readonly payload: Buffer | undefined;
  /** Bytes of the payload, as the sender says. */
  readonly length: number;
}

/**
 * Cuts what a socket delivers into frames, whatever the size of the chunks. Holds one unfinished frame at most, so
 * `maxPayloadBytes` bounds its memory. Any bytes are some frames: it never throws, and it is for the connection to
 * say that a type or an id makes no sense.
 */
export class FrameDecoder {
  readonly #maxPayloadBytes: number;
  readonly #header = Buffer.allocUnsafe(HEADER_BYTES);
  #headerBytes = 0;
  /** The payload under way; undefined between frames and while one that is too large is thrown away. */
  #payload: Buffer | undefined;
  /** What is still to come of the payload. */
  #missing = 0;

  constructor(maxPayloadBytes = MAX_PAYLOAD_BYTES) {
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  /** Whether a frame has begun and not ended: then the end of the connection cut it. */
  get isInsideFrame(): boolean {
    return this.#headerBytes > 0;
  }

  /** The frames that end in this chunk. The chunk may be used again when they are dealt with. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#headerBytes < HEADER_BYTES) {
        const taken = chunk.copy(this.#header, this.#headerBytes, at, at + HEADER_BYTES - this.#headerBytes);
        this.#headerBytes += taken;
        at += taken;
        if (this.#headerBytes < HEADER_BYTES) break;
        this.#missing = this.#length;
        if (chunk.length - at >= this.#missing) {
          // The common case: all of it is here, and nothing is copied.
          const end = at + this.#missing;
          frames.push(this.#finish(this.#isOversize ? undefined : chunk.subarray(at, end)));
          at = end;
          continue;
        }
        if (!this.#isOversize) this.#payload = Buffer.allocUnsafeSlow(this.#missing);
      }
      const taken = Math.min(this.#missing, chunk.length - at);
      if (this.#payload !== undefined) chunk.copy(this.#payload, this.#length - this.#missing, at, at + taken);
      at += taken;
      this.#missing -= taken;
      if (this.#missing === 0) frames.push(this.#finish(this.#payload));
    }
    return frames;
  }

  get #length(): number {
    return this.#header.readUInt32BE(0);
  }

  get #isOversize(): boolean {
    return this.#length > this.#maxPayloadBytes;
  }

  #finish(payload: Buffer | undefined): Frame {
    this.#headerBytes = 0;
    this.#payload = undefined;
    this.#missing = 0;
    return {
      streamId: this.#header.readUInt32BE(4),
      type: this.#header.readUInt8(8),
      flags: this.#header.readUInt8(9),
      payload,
      length: this.#length,
    };
  }
}
