import type { ExitStatus } from '../../types.js';

/** One process of a task: whether its start was answered, and how it ended. */
export class TrackedProcess {
  /** Settles with the first exit that is heard of. */
  readonly exited: Promise<ExitStatus>;
  /** Settles when the shim has published its exit. */
  readonly published: Promise<void>;
  pid = 0;
  #exit: ExitStatus | undefined;
  #resolve: (exit: ExitStatus) => void = () => {};
  #onPublished: () => void = () => {};
  #starting: Promise<unknown> = Promise.resolve();

  constructor() {
    this.exited = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.published = new Promise((resolve) => {
      this.#onPublished = resolve;
    });
  }

  get exit(): ExitStatus | undefined {
    return this.#exit;
  }

  /** Its exit is announced after this has settled: a process may end before the answer to its start is here. */
  begin(starting: Promise<unknown>): void {
    this.#starting = starting.catch(() => {});
  }

  heard(): void {
    this.#onPublished();
  }

  /** True for the first exit; a second source has nothing to add. */
  async end(exit: ExitStatus): Promise<boolean> {
    await this.#starting;
    if (this.#exit !== undefined) return false;
    this.#exit = exit;
    this.#resolve(exit);
    return true;
  }
}
