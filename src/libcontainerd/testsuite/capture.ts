import type { Readable, Writable } from 'node:stream';
import type { AttachStdio, StdioStreams } from '../types.js';
import { within } from './deadline.js';

interface Waiter {
  readonly text: string;
  resolve(): void;
}

/** Attaches to a process and keeps all that it prints. */
export class Capture {
  /** Filled by `attach`. */
  streams: StdioStreams | undefined;
  readonly #held: boolean;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #waiters = new Set<Waiter>();
  #ended: Promise<void> = Promise.resolve();

  /** @param options.held read nothing until `read` is called */
  constructor(options: { readonly held?: boolean } = {}) {
    this.#held = options.held ?? false;
  }

  readonly attach: AttachStdio = (streams) => {
    this.streams = streams;
    // A stream may fail when its client is closed; what the case asserts is what was read.
    streams.stdin?.on('error', () => {});
    if (!this.#held) this.read();
  };

  read(): void {
    const { stdout, stderr } = this.streams ?? {};
    this.#ended = Promise.all([this.#collect(stdout, this.#stdout), this.#collect(stderr, this.#stderr)]).then(
      () => {},
    );
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  get stderr(): Buffer {
    return Buffer.concat(this.#stderr);
  }

  get stdin(): Writable {
    const stdin = this.streams?.stdin;
    if (stdin === undefined) throw new Error('the process was given no stdin');
    return stdin;
  }

  /** Resolves when every output stream has ended. */
  async ended(): Promise<void> {
    await within('end of the output', this.#ended);
  }

  /** Resolves once stdout holds the text. */
  async shows(text: string): Promise<void> {
    if (this.stdout.includes(text)) return;
    const shown = new Promise<void>((resolve) => this.#waiters.add({ text, resolve }));
    await within(`${JSON.stringify(text)} on stdout`, shown);
  }

  #collect(stream: Readable | undefined, chunks: Buffer[]): Promise<void> {
    if (stream === undefined) return Promise.resolve();
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      this.#wake();
    });
    stream.on('error', () => {});
    // An empty stream may have ended before anybody read it.
    if (stream.closed) return Promise.resolve();
    return new Promise((resolve) => {
      stream.once('end', resolve);
      stream.once('close', resolve);
    });
  }

  #wake(): void {
    if (this.#waiters.size === 0) return;
    const { stdout } = this;
    for (const waiter of this.#waiters) {
      if (!stdout.includes(waiter.text)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}
