import { cancellation } from '../../errdefs/index.js';
import { listenForAbort } from '../../platform/abort.js';

/**
 * - `not-running`: at once when nothing runs, else at the next exit.
 * - `next-exit`: at the next exit, or when the container is removed, even if nothing runs now.
 * - `removed`: when it is gone.
 */
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface WaitResult {
  /** 128 + signal for a process that a signal ended; 255 when nobody could tell. */
  readonly exitCode: number;
  /** Why a start or a removal failed; '' when none did. */
  readonly error: string;
}

interface Waiter {
  settle(result: WaitResult): void;
  fail(error: Error): void;
}

/** Who waits for a container's exit or removal. Whoever is entered before a start cannot miss what follows. */
export class Waits {
  readonly #exit = new Set<Waiter>();
  readonly #removal = new Set<Waiter>();
  #gone: WaitResult | undefined;
  #closed: Error | undefined;

  get size(): number {
    return this.#exit.size + this.#removal.size;
  }

  /**
   * Entered before this returns. At once what was told last, when the container is removed.
   * @throws CanceledError when the signal fires, or the engine closes
   */
  exit(signal?: AbortSignal): Promise<WaitResult> {
    return this.#enter(this.#exit, signal);
  }

  removal(signal?: AbortSignal): Promise<WaitResult> {
    return this.#enter(this.#removal, signal);
  }

  exited(result: WaitResult): void {
    for (const waiter of taken(this.#exit)) waiter.settle(result);
  }

  /** Nobody has to wait for an exit that cannot come any more. */
  removed(result: WaitResult): void {
    this.#gone = result;
    for (const waiter of [...taken(this.#exit), ...taken(this.#removal)]) waiter.settle(result);
  }

  /** Nobody will tell any more. */
  close(error: Error): void {
    this.#closed = error;
    for (const waiter of [...taken(this.#exit), ...taken(this.#removal)]) waiter.fail(error);
  }

  #enter(waiters: Set<Waiter>, signal: AbortSignal | undefined): Promise<WaitResult> {
    if (this.#gone !== undefined) return Promise.resolve(this.#gone);
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return enter(waiters, signal);
  }
}

function enter(waiters: Set<Waiter>, signal: AbortSignal | undefined): Promise<WaitResult> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancellation('wait for a container', signal.reason));
    const onAbort = () => {
      waiters.delete(waiter);
      reject(cancellation('wait for a container', signal?.reason));
    };
    const waiter: Waiter = {
      settle: (result) => {
        signal?.removeEventListener('abort', onAbort);
        resolve(result);
      },
      fail: (error) => {
        signal?.removeEventListener('abort', onAbort);
        reject(error);
      },
    };
    waiters.add(waiter);
    listenForAbort(signal, onAbort);
    return undefined;
  });
}

function taken(waiters: Set<Waiter>): Waiter[] {
  const all = [...waiters];
  waiters.clear();
  return all;
}
