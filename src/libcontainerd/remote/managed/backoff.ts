import type { Settings } from './options.js';

/** Delays that double from try to try. */
export class Backoff {
  readonly #limits: Settings['backoff'];
  #attempt = 0;

  constructor(limits: Settings['backoff']) {
    this.#limits = limits;
  }

  /** Tells how long the last run was healthy: a long one starts the row anew. */
  ran(healthyMs: number): void {
    if (healthyMs >= this.#limits.resetAfterMs) this.#attempt = 0;
  }

  next(): { readonly attempt: number; readonly delayMs: number } {
    const { minMs, maxMs } = this.#limits;
    const delayMs = Math.min(minMs * 2 ** this.#attempt, Math.max(minMs, maxMs));
    this.#attempt++;
    return { attempt: this.#attempt, delayMs };
  }
}
