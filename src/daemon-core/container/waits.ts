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

type Waiter = (result: WaitResult) => void;

/** Who waits for a container's exit or removal. Whoever is entered before a start cannot miss what follows. */
export class Waits {
  readonly #exit = new Set<Waiter>();
  readonly #removal = new Set<Waiter>();

  get size(): number {
    return this.#exit.size + this.#removal.size;
  }

  /** Entered before this returns. @throws CanceledError when the signal fires */
  exit(signal?: AbortSignal): Promise<WaitResult> {
    return enter(this.#exit, signal);
  }

  removal(signal?: AbortSignal): Promise<WaitResult> {
    return enter(this.#removal, signal);
  }

  exited(result: WaitResult): void {
    settle(this.#exit, result);
  }

  /** Nobody has to wait for an exit that cannot come any more. */
  removed(result: WaitResult): void {
    settle(this.#exit, result);
    settle(this.#removal, result);
  }
}

function enter(waiters: Set<Waiter>, signal: AbortSignal | undefined): Promise<WaitResult> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancellation('wait for a container', signal.reason));
    const onAbort = () => {
      waiters.delete(waiter);
      reject(cancellation('wait for a container', signal?.reason));
    };
    const waiter: Waiter = (result) => {
      signal?.removeEventListener('abort', onAbort);
      resolve(result);
    };
    waiters.add(waiter);
    listenForAbort(signal, onAbort);
    return undefined;
  });
}

function settle(waiters: Set<Waiter>, result: WaitResult): void {
  const settled = [...waiters];
  waiters.clear();
  for (const waiter of settled) waiter(result);
}
