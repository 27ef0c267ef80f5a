import type { RuntimeChanges, RuntimeConfig } from './runtime-config.js';

/** The one place that says which configuration is in force. */
export class ReloadableRuntimes {
  #current: RuntimeConfig;
  #last: Promise<unknown> = Promise.resolve();

  constructor(initial: RuntimeConfig) {
    this.#current = initial;
  }

  /** Whoever needs two answers that fit together keeps it. */
  get current(): RuntimeConfig {
    return this.#current;
  }

  /**
   * Puts another configuration in force when all of it is valid; otherwise nothing changes. One after the other, in the order
   * of the calls, each upon what the one before has left.
   * @returns what is in force after it
   * @throws as `openRuntimeConfig`
   */
  reload(changes: RuntimeChanges): Promise<RuntimeConfig> {
    const reloaded = this.#last.then(async () => {
      this.#current = await this.#current.with(changes);
      return this.#current;
    });
    // Whoever asked for it gets its error.
    this.#last = reloaded.catch(() => {});
    return reloaded;
  }
}
