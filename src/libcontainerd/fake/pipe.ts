import { Readable, Writable } from 'node:stream';
import type { OutputFlow, OutputSink, OutputStream } from '../../cio/output-stream.js';
import { ConflictError } from '../../errdefs/index.js';
import type { Freezer } from './freezer.js';

/** As the kernel's pipes: who writes past this waits for a reader. */
const CAPACITY_BYTES = 64 * 1024;

/**
 * One direction of a process' stdio. Outlives its readers and writers, as a FIFO does: what is in it waits for the next
 * one who opens it.
 */
export class FakePipe {
  readonly #chunks: Buffer[] = [];
  readonly #blocked: (() => void)[] = [];
  readonly #onBroken: (() => void)[] = [];
  #length = 0;
  #ended = false;
  #broken = false;
  #reader: PipeReader | undefined;

  /** Calls `done` when the bytes fit. */
  write(chunk: Buffer, done: () => void): void {
    if (this.#ended || this.#broken) {
      done();
      return;
    }
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length <= CAPACITY_BYTES) done();
    else this.#blocked.push(done);
    this.#reader?.wake();
  }

  /** The write end closes: the reader gets EOF after what is in the pipe. */
  end(): void {
    this.#ended = true;
    this.#reader?.wake();
  }

  /** The read end closes for ever: writers are let go and their bytes lost. */
  break(): void {
    this.#broken = true;
    this.#chunks.length = 0;
    this.#length = 0;
    for (const done of this.#blocked.splice(0)) done();
    for (const listener of this.#onBroken.splice(0)) listener();
  }

  onBroken(listener: () => void): void {
    if (this.#broken) listener();
    else this.#onBroken.push(listener);
  }

  /** `null` is EOF, `undefined` nothing for now. */
  take(): Buffer | null | undefined {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return this.#ended || this.#broken ? null : undefined;
    this.#length -= chunk.length;
    if (this.#length <= CAPACITY_BYTES) {
      // Not at once: a writer that goes on at once would wake the reader in the middle of its reading.
      for (const done of this.#blocked.splice(0)) queueMicrotask(done);
    }
    return chunk;
  }

  /** @throws ConflictError `ERR_STDIO_ATTACHED` while there is a reader */
  reader(freezer?: Freezer): PipeReader {
    if (this.#reader !== undefined) {
      throw new ConflictError('attach stdio: another reader is attached already', { code: 'ERR_STDIO_ATTACHED' });
    }
    const reader = new PipeReader(this, freezer, () => {
      if (this.#reader === reader) this.#reader = undefined;
    });
    this.#reader = reader;
    return reader;
  }

  /** @param options.closes whether the end of the stream ends the pipe. @default false */
  writer(
    options: { readonly freezer?: Freezer; readonly terminal?: boolean; readonly closes?: boolean } = {},
  ): Writable {
    const { freezer, terminal = false, closes = false } = options;
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        const bytes = terminal ? carriageReturns(chunk) : chunk;
        if (freezer === undefined) this.write(bytes, () => done());
        else freezer.run(() => this.write(bytes, () => done()));
      },
      final: (done) => {
        if (closes) this.end();
        done();
      },
    });
  }
}

/** A reader of a pipe. Destroying it leaves in the pipe what it has not taken yet. */
export class PipeReader extends Readable implements OutputStream {
  /** As of a socket; tells whether bytes flow. */
  bytesRead = 0;
  readonly #pipe: FakePipe;
  readonly #freezer: Freezer | undefined;
  readonly #onClosed: () => void;
  #wants = false;
  #sink: OutputSink | undefined;
  #isPaused = false;

  constructor(pipe: FakePipe, freezer: Freezer | undefined, onClosed: () => void) {
    super();
    this.#pipe = pipe;
    this.#freezer = freezer;
    this.#onClosed = onClosed;
  }

  get isHeldBack(): boolean {
    return this.readableLength > 0 || this.#isPaused;
  }

  consume(sink: OutputSink): OutputFlow {
    this.#sink = sink;
    this.resume();
    this.wake();
    const pause = (isPaused: boolean) => {
      this.#isPaused = isPaused;
      if (!isPaused) this.wake();
    };
    return { pause: () => pause(true), resume: () => pause(false) };
  }

  /** Something is in the pipe, or it has ended. */
  wake(): void {
    if (this.#freezer === undefined) this.#pump();
    else this.#freezer.run(() => this.#pump());
  }

  override _read(): void {
    this.#wants = true;
    this.wake();
  }

  override _destroy(err: Error | null, done: (err?: Error | null) => void): void {
    this.#wants = false;
    this.#onClosed();
    this.#endSink();
    done(err);
  }

  #pump(): void {
    if (this.#sink !== undefined) {
      this.#give(this.#sink);
      return;
    }
    while (this.#wants) {
      const chunk = this.#pipe.take();
      if (chunk === undefined) return;
      if (chunk !== null) this.bytesRead += chunk.length;
      this.#wants = chunk !== null;
      if (!this.push(chunk)) this.#wants = false;
    }
  }

  #give(sink: OutputSink): void {
    while (!this.#isPaused) {
      const chunk = this.#pipe.take();
      if (chunk === undefined) return;
      if (chunk === null) {
        this.#endSink();
        this.push(null);
        return;
      }
      this.bytesRead += chunk.length;
      const lent = Buffer.from(chunk);
      if (!sink.write(lent)) this.#isPaused = true;
      // As the next read would do to who keeps it.
      lent.fill('#');
    }
  }

  #endSink(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.end();
  }
}

/** What a terminal does to output (ONLCR). */
export function carriageReturns(chunk: Buffer): Buffer {
  return Buffer.from(chunk.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}
