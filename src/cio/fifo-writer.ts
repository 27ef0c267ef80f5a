import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { closeStream } from './fifo-ends.js';

const HIGH_WATER_MARK = 64 * 1024;

type Done = (error?: Error | null) => void;

/**
 * The write end of a process' stdin.
 *
 * Our descriptor is open for reading as well, so it counts as a reader, which holds the bytes while no shim is there,
 * and as a writer, which holds back EOF. Therefore `end` closes it, after the shim has opened its end and not before.
 */
export class FifoWriter extends Writable {
  readonly #socket: Socket;
  /** Fulfilled with true when the shim has its end open, with false when it never will or no longer needs it. */
  readonly #peer: Promise<boolean>;
  #settlePeer: (opened: boolean) => void = () => {};
  #closeStdin: (() => Promise<void>) | undefined;
  /** - `none`: EOF not asked for. - `due`: asked for, `closeStdin` not known yet. - `told`: called, never again. */
  #halfClose: 'none' | 'due' | 'told' = 'none';
  /** Nobody is to be told of the end any more: the process ended, or goes on without us. */
  #silent = false;

  /** @param fd a FIFO opened O_RDWR|O_NONBLOCK; the writer owns it */
  constructor(fd: number) {
    super({ highWaterMark: HIGH_WATER_MARK });
    this.#peer = new Promise((resolve) => {
      this.#settlePeer = resolve;
    });
    // Not readable: it would read what it wrote.
    this.#socket = new Socket({ fd, readable: false, writable: true });
    this.#socket.on('error', (err) => this.destroy(err));
    // A user who listens learns of errors; one who does not must not lose the engine to a broken pipe.
    this.on('error', () => {});
  }

  peerOpened(): void {
    this.#settlePeer(true);
  }

  setCloseStdin(closeStdin: () => Promise<void>): void {
    this.#closeStdin = closeStdin;
    if (this.#halfClose === 'due') this.#tellPeer().catch(() => {});
  }

  /**
   * The process is gone or never came. What was written and ended is taken as delivered; otherwise the stream closes
   * with no 'error', and callbacks of writes get one.
   */
  giveUp(): void {
    this.#silent = true;
    this.#settlePeer(false);
    const flushed = this.writableEnded && this.writableLength === 0;
    if (!flushed) this.destroy();
  }

  /** Closes our end and tells nobody. Settles when the descriptor is closed. */
  async abandon(): Promise<void> {
    this.giveUp();
    await closeStream(this);
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    this.#socket.write(chunk, (err) => done(this.#writeError(err)));
  }

  override _writev(chunks: readonly { chunk: Uint8Array }[], done: Done): void {
    this.#socket.cork();
    for (const [index, { chunk }] of chunks.entries()) {
      if (index < chunks.length - 1) this.#socket.write(chunk);
      else this._write(chunk, 'utf8', done);
    }
    this.#socket.uncork();
  }

  override _final(done: Done): void {
    this.#finish().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: Done): void {
    void closeStream(this.#socket).then(() => done(error));
    // Destroyed by the user, say by a failed pipeline: the process must not wait for input for ever.
    this.#finish().catch(() => {});
  }

  async #finish(): Promise<void> {
    const opened = await this.#peer;
    await closeStream(this.#socket);
    if (opened && this.#halfClose === 'none') await this.#tellPeer();
  }

  async #tellPeer(): Promise<void> {
    if (this.#silent) return;
    this.#halfClose = this.#closeStdin === undefined ? 'due' : 'told';
    try {
      await this.#closeStdin?.();
    } catch (err) {
      // A process that ended meanwhile needs no EOF.
      if (!this.#silent) throw err;
    }
  }

  #writeError(err: Error | null | undefined): Error | null {
    // Node 20 reports success to the write that is under way when its socket is destroyed.
    if (!this.#socket.destroyed) return err ?? null;
    return Object.assign(new Error('write EPIPE: stdin is closed'), { code: 'EPIPE', syscall: 'write' });
  }
}
