import PQueue from 'p-queue';
import { cancellation, DeadlineExceededError } from '../../errdefs/index.js';
import type { CallOptions } from '../../libcontainerd/types.js';

/**
 * Makes the critical sections of one container serial, in the order in which they were asked for. A section is a change of
 * state with the calls that belong to it; nobody waits for a container's exit inside one, or the exit could not come.
 */
export class Lock {
  readonly #queue = new PQueue({ concurrency: 1 });

  /** Whether a section runs or waits. */
  get isBusy(): boolean {
    return this.#queue.size + this.#queue.pending > 0;
  }

  /**
   * Runs the section when those before it are over. The caller's signal and time hold for the wait; what has begun is
   * not broken off.
   * @throws CanceledError, DeadlineExceededError while it waits; and what the section throws
   */
  async run<T>(what: string, section: () => Promise<T>, call: CallOptions = {}): Promise<T> {
    const { signal, timeoutMs } = call;
    if (signal?.aborted) throw cancellation(what, signal.reason);
    let hasBegun = false;
    let isGivenUp = false;
    const done = this.#queue.add(async () => {
      if (isGivenUp) return undefined;
      hasBegun = true;
      return { value: await section() };
    });
    let giveUp = (_err: Error): void => {};
    const givenUp = new Promise<never>((_, reject) => {
      giveUp = (err) => {
        if (hasBegun) return;
        isGivenUp = true;
        reject(err);
      };
    });
    givenUp.catch(() => {});
    const onAbort = () => giveUp(cancellation(what, signal?.reason));
    signal?.addEventListener('abort', onAbort);
    const timer =
      timeoutMs === undefined || !Number.isFinite(timeoutMs)
        ? undefined
        : setTimeout(
            () => giveUp(new DeadlineExceededError(`${what}: the container was busy for ${timeoutMs} ms`)),
            timeoutMs,
          );
    try {
      const result = await Promise.race([done, givenUp]);
      if (result === undefined) throw cancellation(what, signal?.reason);
      return result.value;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      done.catch(() => {});
    }
  }
}
