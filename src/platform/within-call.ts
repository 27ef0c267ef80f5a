import { cancellation, DeadlineExceededError } from '../errdefs/index.js';
import { listenForAbort } from './abort.js';

/** What every call takes that may wait. */
export interface CallBounds {
  readonly signal?: AbortSignal | undefined;
  /** Upper bound in milliseconds; `Infinity` waits for ever. */
  readonly timeoutMs?: number | undefined;
}

/** The longest that `setTimeout` takes; past it, it fires at once. About 25 days. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** The call with a time limit of ours where the caller names none. */
export function withDefault(call: CallBounds, timeoutMs: number): CallBounds {
  return { ...call, timeoutMs: call.timeoutMs ?? timeoutMs };
}

/** For a call that asks several times: gives, when called, what is left of the caller's time from now on. */
export function remaining(call: CallBounds): () => CallBounds {
  const { timeoutMs } = call;
  if (timeoutMs === undefined) return () => call;
  const endBy = performance.now() + timeoutMs;
  return () => ({ ...call, timeoutMs: Math.max(1, endBy - performance.now()) });
}

/**
 * Waits for a promise no longer than the caller wants. The promise itself goes on: what it does must be bounded by
 * itself. Without `timeoutMs` and `signal` it waits for ever.
 * @throws DeadlineExceededError past `timeoutMs`; CanceledError when `signal` fires
 */
export function withinCall<T>(what: string, promise: Promise<T>, call: CallBounds = {}): Promise<T> {
  const { signal, timeoutMs } = call;
  const isBounded = timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY;
  if (signal === undefined && !isBounded) return promise;
  return new Promise<T>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const onAbort = () => settle(() => reject(cancellation(what, signal?.reason)));
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      finish();
    };
    promise.then(
      (value) => settle(() => resolve(value)),
      (err: unknown) => settle(() => reject(err)),
    );
    if (signal?.aborted) return onAbort();
    listenForAbort(signal, onAbort);
    if (isBounded) {
      timer = setTimeout(
        () => settle(() => reject(new DeadlineExceededError(`${what}: not done within ${timeoutMs} ms`))),
        Math.min(timeoutMs, TIMER_MAX_MS),
      );
    }
    return undefined;
  });
}
