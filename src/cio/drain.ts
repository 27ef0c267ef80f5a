import { performance } from 'node:perf_hooks';
import type { DrainOptions } from './stdio.js';

const IDLE_MS = 2_000;
const MAX_MS = 10_000;
const LOOKS_PER_IDLE = 8;
const MIN_LOOK_MS = 100;

/** What `waitForDrain` needs to know of an output socket. */
export interface DrainedStream {
  readonly bytesRead: number;
  readonly readableLength: number;
  readonly closed: boolean;
  /** The consumer does not take what there is. */
  readonly isHeldBack: boolean;
}

/**
 * True when `drained` settles; false when no byte came for `idleMs` though the consumer had taken all, or after `maxMs`. Looks at the counters some times per `idleMs`: an event per chunk would cost more in the normal case,
 * where the output ends at once.
 */
export function waitForDrain(
  streams: readonly DrainedStream[],
  drained: Promise<void>,
  options: DrainOptions = {},
): Promise<boolean> {
  const { idleMs = IDLE_MS, maxMs = MAX_MS } = options;
  if (streams.every((stream) => stream.closed)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const startedAt = performance.now();
    let movedAt = startedAt;
    let moved = bytesMoved(streams);
    let timer: NodeJS.Timeout | undefined;
    const look = () => {
      const now = performance.now();
      const current = bytesMoved(streams);
      // A consumer that does not take what it has is slow, and no reason to cut it off before `maxMs`.
      const isHeldBack = streams.some((stream) => !stream.closed && stream.isHeldBack);
      if (current !== moved || isHeldBack) {
        moved = current;
        movedAt = now;
      }
      const leftMs = Math.min(movedAt + idleMs, startedAt + maxMs) - now;
      if (leftMs <= 0) resolve(false);
      else timer = setTimeout(look, Math.ceil(Math.min(leftMs, Math.max(MIN_LOOK_MS, idleMs / LOOKS_PER_IDLE))));
    };
    look();
    void drained.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/** Grows with every byte read and with every byte consumed. */
function bytesMoved(streams: readonly DrainedStream[]): number {
  let sum = 0;
  for (const { bytesRead, readableLength } of streams) sum += 2 * bytesRead - readableLength;
  return sum;
}
