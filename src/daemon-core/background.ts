import { isCanceled } from '../errdefs/index.js';
import type { Logger } from '../log/logger.js';

/** Work that nobody waits for but the engine's end: a failure of it is logged, and it is never lost sight of. */
export class BackgroundWork {
  readonly #log: Logger;
  readonly #closing: AbortSignal;
  readonly #running = new Set<Promise<void>>();

  constructor(log: Logger, closing: AbortSignal) {
    this.#log = log;
    this.#closing = closing;
  }

  get size(): number {
    return this.#running.size;
  }

  run(what: string, containerId: string, work: () => Promise<void>): void {
    const running = work()
      .catch((err: unknown) => {
        if (isCanceled(err) || this.#closing.aborted) this.#log.debug({ err, containerId }, what);
        else this.#log.error({ err, containerId }, what);
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when none runs, new ones included, or after the time. */
  async settled(timeoutMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), timeoutMs);
    });
    try {
      while (this.#running.size > 0) {
        if ((await Promise.race([Promise.all(this.#running), late])) === 'late') return false;
      }
      return true;
    } finally {
      clearTimeout(timer);
    }
  }
}
