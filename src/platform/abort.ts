import { setMaxListeners } from 'node:events';

/** Calls back once when the signal fires. Any number of calls may share one signal; that many listeners are no leak. */
export function listenForAbort(signal: AbortSignal | undefined, onAbort: () => void): void {
  if (signal === undefined) return;
  setMaxListeners(0, signal);
  signal.addEventListener('abort', onAbort, { once: true });
}
