import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { cancellation, DeadlineExceededError, isUnavailable } from '../errdefs/index.js';
import { listenForAbort } from '../platform/abort.js';
import type { RpcCallOptions } from '../protocol/method.js';
import { TtrpcClient } from '../protocol/ttrpc/index.js';

/** Between bind and listen the socket is there and refuses; no event tells when that is over. */
const RETRY_MS = 20;

/**
 * Connects to a shim that is just starting, as soon as it listens.
 * @throws DeadlineExceededError past the time; CanceledError when the signal fires
 */
export async function connectWhenListening(
  path: string,
  namespace: string,
  left: () => RpcCallOptions & { timeoutMs: number },
): Promise<TtrpcClient> {
  const folder = watchFolder(dirname(path));
  const endBy = performance.now() + left().timeoutMs;
  try {
    for (;;) {
      // Looked for from before the attempt on, so that nothing is missed in between.
      const change = nextChange(folder, left().signal);
      try {
        return await TtrpcClient.connect(`unix://${path}`, { namespace }, left());
      } catch (err) {
        if (!isUnavailable(err)) throw err;
        if (performance.now() >= endBy) {
          throw new DeadlineExceededError('start shim: it does not listen in time', { cause: err, fields: { path } });
        }
      }
      await change;
      const { signal } = left();
      if (signal?.aborted) throw cancellation('start shim', signal.reason);
    }
  } finally {
    folder?.close();
  }
}

/** `undefined` when the kernel has no watch left to give: then there are only the retries. */
function watchFolder(path: string): FSWatcher | undefined {
  try {
    const watcher = watch(path, { persistent: false });
    watcher.setMaxListeners(0);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

function nextChange(folder: FSWatcher | undefined, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      clearTimeout(timer);
      folder?.off('change', settle);
      signal?.removeEventListener('abort', settle);
      resolve();
    };
    const timer = setTimeout(settle, RETRY_MS);
    folder?.once('change', settle);
    listenForAbort(signal, settle);
  });
}
