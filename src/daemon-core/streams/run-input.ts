import type { Writable } from 'node:stream';

/** The stdin of one run, as all those attached write to it: chunk after chunk, in the order they come. */
export class RunInput {
  readonly #stdin: Writable | undefined;

  /** @param stdin absent: what is written is discarded, as dockerd does */
  constructor(stdin: Writable | undefined) {
    this.#stdin = stdin;
    stdin?.on('error', () => {});
  }

  /** Calls `done` when the pipe has the bytes, or nobody will ever read them. */
  write(bytes: Buffer, done: () => void): void {
    const stdin = this.#stdin;
    if (stdin === undefined || stdin.destroyed || stdin.writableEnded || bytes.length === 0) done();
    else stdin.write(bytes, () => done());
  }

  /** The process reads EOF after what was written. */
  end(): void {
    if (this.#stdin?.destroyed === false && !this.#stdin.writableEnded) this.#stdin.end();
  }
}
