import { setTimeout as sleep } from 'node:timers/promises';
import { CanceledError } from '../../../errdefs/index.js';

export interface PauseOptions {
  /** Ends it early; the caller looks at the signal afterwards. */
  readonly signal?: AbortSignal | undefined;
  /** Lets Node end meanwhile: for waits that nobody awaits. @default false */
  readonly unref?: boolean | undefined;
}

export async function pause(ms: number, options: PauseOptions = {}): Promise<void> {
  try {
    await sleep(ms, undefined, { ref: options.unref !== true, ...(options.signal && { signal: options.signal }) });
  } catch {
    // Aborted.
  }
}

/** True when the promise settles in time. Keeps Node running until then. */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The promise, or a CanceledError as soon as the signal fires. Leaves nothing behind on the signal. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new CanceledError('wait: the waiter gave up'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** A signal that fires when the other one does, or when the promise settles; whichever comes first. */
export function linkedSignal(
  signal: AbortSignal,
  promise: Promise<unknown>,
): { signal: AbortSignal; unlink: () => void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  promise.then(abort, abort);
  return { signal: controller.signal, unlink: () => signal.removeEventListener('abort', abort) };
}
