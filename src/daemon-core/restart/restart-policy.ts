import type { RestartPolicy } from '../../oci/config/host-config.js';
import { listenForAbort } from '../../platform/abort.js';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 60_000;
const FACTOR = 2;
/** A run as long as this was a good one: the delays begin anew. */
const GOOD_RUN_MS = 10_000;

/** A run that has ended. */
export interface EndedRun {
  readonly exitCode: number;
  /** Somebody stopped or killed it; only `unless-stopped` asks. */
  readonly manuallyStopped: boolean;
  readonly ranMs: number;
  /** Restarts by the policy so far, this one not counted. */
  readonly restartCount: number;
}

export type RestartDecision = { readonly restart: false } | { readonly restart: true; readonly delayMs: number };

export interface RestartManagerOptions {
  /** The delay before the last restart, where an engine goes on after another one. @default 0, no restart so far */
  readonly lastDelayMs?: number | undefined;
}

/**
 * Decides whether a container that has ended is started again, and waits before it is. One for each container. Delays
 * double from 100 ms to one minute (moby daemon/internal/restartmanager).
 */
export class RestartManager {
  #policy: RestartPolicy;
  #lastDelayMs: number;
  #isCanceled = false;
  readonly #waiting = new Set<() => void>();

  constructor(policy: RestartPolicy, options: RestartManagerOptions = {}) {
    this.#policy = policy;
    this.#lastDelayMs = options.lastDelayMs ?? 0;
  }

  get policy(): RestartPolicy {
    return this.#policy;
  }

  /** Before the last restart that was decided; 0 when there was none since the last reset. */
  get lastDelayMs(): number {
    return this.#lastDelayMs;
  }

  /** True from `cancel` to `reset`. */
  get isCanceled(): boolean {
    return this.#isCanceled;
  }

  /** What to do about a run that has ended. A decision to restart lengthens the next delay, whether or not it is waited for. */
  decide(run: EndedRun): RestartDecision {
    if (this.#isCanceled || !this.#wants(run)) return { restart: false };
    const last = run.ranMs >= GOOD_RUN_MS ? 0 : this.#lastDelayMs;
    this.#lastDelayMs = last === 0 ? FIRST_DELAY_MS : Math.min(last * FACTOR, LONGEST_DELAY_MS);
    return { restart: true, delayMs: this.#lastDelayMs };
  }

  /** Waits out a delay. Resolves `canceled` at once when `cancel` is or was called, or the signal fires. Never rejects. */
  wait(delayMs: number, signal?: AbortSignal): Promise<'elapsed' | 'canceled'> {
    if (this.#isCanceled || signal?.aborted) return Promise.resolve('canceled');
    return new Promise((resolve) => {
      const settle = (outcome: 'elapsed' | 'canceled') => {
        clearTimeout(timer);
        this.#waiting.delete(cancel);
        signal?.removeEventListener('abort', cancel);
        resolve(outcome);
      };
      const cancel = () => settle('canceled');
      const timer = setTimeout(() => settle('elapsed'), delayMs);
      this.#waiting.add(cancel);
      listenForAbort(signal, cancel);
    });
  }

  /** Somebody stops the container: a delay under way ends, and no restart is decided until `reset`. */
  cancel(): void {
    this.#isCanceled = true;
    for (const cancel of [...this.#waiting]) cancel();
  }

  /** Somebody starts the container: what was before does not count any more. */
  reset(): void {
    this.#isCanceled = false;
    this.#lastDelayMs = 0;
  }

  /** Takes another policy for the next decision. A delay under way goes on, as in moby. */
  update(policy: RestartPolicy): void {
    this.#policy = policy;
  }

  #wants({ exitCode, manuallyStopped, restartCount }: EndedRun): boolean {
    const { Name, MaximumRetryCount = 0 } = this.#policy;
    switch (Name) {
      case 'always':
        return true;
      case 'unless-stopped':
        return !manuallyStopped;
      case 'on-failure':
        return exitCode !== 0 && (MaximumRetryCount <= 0 || restartCount < MaximumRetryCount);
      default:
        return false;
    }
  }
}
