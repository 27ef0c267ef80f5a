import { cancellation, DeadlineExceededError } from '../../errdefs/index.js';
import { listenForAbort } from '../../platform/abort.js';
import type { RpcCallOptions } from '../../protocol/method.js';

/**
 * Waits for a promise as long as the call allows. The promise itself goes on.
 * @throws DeadlineExceededError past `timeoutMs`; CanceledError when `signal` fires
 */
export function within<T>(what: string, promise: Promise<T>, call: RpcCallOptions, defaultMs: number): Promise<T> {
  const { signal, timeoutMs = defaultMs } = call;
  return new Promise<T>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      finish();
    };
    const onAbort = () => settle(() => reject(cancellation(what, signal?.reason)));
    promise.then(
      (value) => settle(() => resolve(value)),
      (err: unknown) => settle(() => reject(err)),
    );
    if (signal?.aborted) {
      onAbort();
      return;
    }
    listenForAbort(signal, onAbort);
    if (timeoutMs === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(
      () => settle(() => reject(new DeadlineExceededError(`${what}: not done within ${timeoutMs} ms`))),
      Math.min(timeoutMs, 2 ** 31 - 1),
    );
  });
}
