import { listenForAbort } from '../../platform/abort.js';

/** Lets any number wait for the next change of something that they look at. */
export class Change {
  readonly #waiting = new Set<() => void>();
  #count = 0;

  /** How many changes there were. Take it before you look, and give it to `after`: so none is missed. */
  get count(): number {
    return this.#count;
  }

  notify(): void {
    this.#count += 1;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves when there were more changes than `count`, when the signal fires, or after the time. Never rejects. */
  after(count: number, signal: AbortSignal, timeoutMs?: number): Promise<void> {
    if (signal.aborted || this.#count !== count) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        clearTimeout(timer);
        resolve();
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(wake, timeoutMs);
      this.#waiting.add(wake);
      listenForAbort(signal, wake);
    });
  }
}
