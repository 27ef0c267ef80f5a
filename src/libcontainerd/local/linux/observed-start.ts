import { SHIM_STARTS, type ShimStartObservation } from '../../../telemetry/observations.js';

/** Starts a shim, and tells on `SHIM_STARTS` how that went. */
export async function observedStart<T>(
  about: Pick<ShimStartObservation, 'api' | 'isWarm'>,
  start: () => Promise<T>,
): Promise<T> {
  if (!SHIM_STARTS.hasSubscribers) return start();
  const startedAt = performance.now();
  let isStarted = false;
  try {
    const shim = await start();
    isStarted = true;
    return shim;
  } finally {
    SHIM_STARTS.publish({ ...about, isStarted, durationMs: performance.now() - startedAt });
  }
}
