import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { closeStream } from './fifo-ends.js';
import type { OutputFlow, OutputSink, OutputStream } from './output-stream.js';

const HIGH_WATER_MARK = 64 * 1024;
const PIPE_BYTES = 64 * 1024;

/**
 * What every FIFO is read into: one for all, as a read and what is done with its bytes is one step. It has a byte more than
 * a pipe, so that no read fills it: libuv reads a handle up to 32 times in a row while its reads are full, and one process
 * that prints without end would keep all others waiting for that long.
 */
const readBuffer = Buffer.allocUnsafeSlow(PIPE_BYTES + 1);

/**
 * The read end of a process' output. It waits in epoll and not in a thread. As a Readable it stops reading when its buffer is at
 * the mark, which one read of up to 64 KiB may overshoot; with `consume` nothing is buffered.
 */
export class FifoReader extends Readable implements OutputStream {
  /** Counted as they come from the pipe. */
  bytesRead = 0;
  readonly #socket: Socket;
  #sink: OutputSink | undefined;
  #isPaused = false;
  #isOver = false;

  /** @param fd a FIFO opened O_RDONLY|O_NONBLOCK; the reader owns it */
  constructor(fd: number) {
    super({ highWaterMark: HIGH_WATER_MARK });
    const callback = (size: number) => this.#take(readBuffer.subarray(0, size));
    // Reads at once: the end of an empty output shows without a consumer.
    const options = { fd, readable: true, writable: false, onread: { buffer: readBuffer, callback } };
    this.#socket = new Socket(options);
    this.#socket.on('error', (err) => this.destroy(err));
    this.#socket.on('end', () => this.#end());
    // A user who listens learns of errors; one who does not must not lose the engine to a broken pipe.
    this.on('error', () => {});
  }

  /** The consumer does not take what has come, or may be in the pipe. */
  get isHeldBack(): boolean {
    return this.readableLength > 0 || this.#isPaused;
  }

  /** The end was read from the pipe, or the stream is destroyed; its descriptor may be another's by now. */
  get isOver(): boolean {
    return this.#isOver || this.destroyed;
  }

  consume(sink: OutputSink): OutputFlow {
    this.#sink = sink;
    this.#handOverBuffered();
    return { pause: () => this.#pause(), resume: () => this.#resume() };
  }

  override _read(): void {
    if (this.#sink === undefined) this.#socket.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#tellEnd();
    void closeStream(this.#socket).then(() => done(error));
  }

  /** @returns false: read no more for now */
  #take(chunk: Buffer): boolean {
    this.bytesRead += chunk.length;
    if (this.#sink === undefined) return this.push(Buffer.from(chunk));
    if (!this.#sink.write(chunk)) this.#isPaused = true;
    return !this.#isPaused;
  }

  #pause(): void {
    if (this.#isPaused || this.destroyed) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #resume(): void {
    if (!this.#isPaused || this.destroyed) return;
    this.#isPaused = false;
    this.#handOverBuffered();
  }

  /** What came before there was a sink; then the pipe's own. */
  #handOverBuffered(): void {
    while (!this.#isPaused && this.readableLength > 0) {
      const chunk: unknown = this.read();
      if (!(chunk instanceof Buffer)) break;
      if (this.#sink?.write(chunk) === false) this.#isPaused = true;
    }
    if (this.#isOver && this.readableLength === 0) this.#tellEnd();
    else if (!this.#isPaused) this.#socket.resume();
  }

  #end(): void {
    this.#isOver = true;
    this.push(null);
    // Without it an empty stream that nobody reads has no 'end'.
    this.read(0);
    if (this.readableLength === 0) this.#tellEnd();
  }

  #tellEnd(): void {
    const sink = this.#sink;
    this.#sink = discard;
    if (sink !== undefined) sink.end();
  }
}

const discard: OutputSink = { write: () => true, end() {} };
