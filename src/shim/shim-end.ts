import { setTimeout as pause } from 'node:timers/promises';
import { identify } from '../platform/process-identity.js';

const FIRST_PAUSE_MS = 1;
const PAUSE_MAX_MS = 50;

/**
 * For a shim that has closed its connections: it goes on for a moment, gives its last events to the publisher and removes
 * its socket. True when it has ended (a zombie has), false when it lives after `withinMs`. At once for pid 0, which is nobody's.
 */
export async function shimEnded(pid: number, withinMs: number): Promise<boolean> {
  const endBy = performance.now() + withinMs;
  let pauseMs = FIRST_PAUSE_MS;
  while (pid > 0 && identify(pid) !== undefined) {
    if (performance.now() > endBy) return false;
    await pause(pauseMs);
    pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS);
  }
  return true;
}
