import { withinCall } from '../deadline.js';
import type { CallOptions } from '../types.js';

/**
 * What is still being taken away after a caller gave up a call that makes something. containerd gives no sign when it
 * has really stopped, so such a call goes on behind the caller's back, and what it made is removed when it ends. The next
 * use of the id waits for that.
 */
export class Cleanups {
  readonly #running = new Map<string, Promise<void>>();

  /** The promise must be bounded by itself and never reject. */
  track(key: string, cleanup: Promise<void>): void {
    const earlier = this.#running.get(key);
    const all = (earlier === undefined ? cleanup : Promise.all([earlier, cleanup])).then(() => {
      if (this.#running.get(key) === all) this.#running.delete(key);
    });
    this.#running.set(key, all);
  }

  /** @throws DeadlineExceededError, CanceledError as `withinCall` */
  async settled(key: string, call: CallOptions): Promise<void> {
    const cleanup = this.#running.get(key);
    if (cleanup !== undefined) await withinCall(`wait for the removal of a former ${key}`, cleanup, call);
  }

  async all(): Promise<void> {
    await Promise.all(this.#running.values());
  }
}
