import type { Socket } from 'node:net';
import { nextTick } from 'node:process';

/** Up to this much is copied together, which costs less than a vector of small buffers. */
const JOIN_BYTES = 64 * 1024;

/**
 * The frames on their way into a socket. What is pushed in one turn leaves in one system call, in the order of the
 * pushes. Nothing waits for the peer here: whoever pushes looks at `queuedBytes` first.
 */
export class Outbox {
  readonly #socket: Socket;
  #frames: Buffer[] = [];
  #bytes = 0;
  readonly #flush = (): void => this.flush();

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** What the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  push(frame: Buffer): void {
    if (this.#frames.length === 0) nextTick(this.#flush);
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  /** Hands everything to the socket now. */
  flush(): void {
    const frames = this.#frames;
    const bytes = this.#bytes;
    if (frames.length === 0) return;
    this.#frames = [];
    this.#bytes = 0;
    if (!this.#socket.writable) return;
    const [first] = frames;
    if (first !== undefined && frames.length === 1) {
      this.#socket.write(first);
    } else if (bytes <= JOIN_BYTES) {
      this.#socket.write(Buffer.concat(frames, bytes));
    } else {
      this.#socket.cork();
      for (const frame of frames) this.#socket.write(frame);
      this.#socket.uncork();
    }
  }
}
