import type { DaemonProcess } from './daemon-process.js';
import type { Settings } from './options.js';
import { boundedProbe } from './probe.js';
import { linkedSignal, pause, settlesWithin, unlessAborted } from './wait.js';

/** How a containerd that ran was lost. */
export interface Loss {
  readonly reason: string;
  /** How long it ran and answered before. */
  readonly healthyMs: number;
}

const READY_POLL_MS = 20;
const KILL_WAIT_MS = 5_000;

export type Readiness = 'ready' | 'ended' | 'late' | 'aborted';

/** Waits until it answers, it has ended, the time is over or the signal fires. */
export async function waitReady(
  settings: Settings,
  daemon: DaemonProcess,
  limitMs: number,
  signal: AbortSignal,
): Promise<Readiness> {
  const until = performance.now() + limitMs;
  const over = linkedSignal(signal, daemon.ended);
  try {
    for (;;) {
      if (signal.aborted) return 'aborted';
      if (over.signal.aborted || !daemon.alive) return 'ended';
      const leftMs = Math.ceil(until - performance.now());
      if (leftMs <= 0) return 'late';
      if (await answers(settings, Math.min(settings.health.timeoutMs, leftMs), over.signal)) return 'ready';
      await pause(READY_POLL_MS, { signal: over.signal });
    }
  } finally {
    over.unlink();
  }
}

/** Checks a running one at intervals. Returns when it is lost, `undefined` when the signal fires before. */
export async function watchHealth(
  settings: Settings,
  daemon: DaemonProcess,
  signal: AbortSignal,
): Promise<Loss | undefined> {
  const { health, logger } = settings;
  const startedAt = performance.now();
  let healthyAt = startedAt;
  let failures = 0;
  const over = linkedSignal(signal, daemon.ended);
  try {
    for (;;) {
      await pause(health.intervalMs, { signal: over.signal, unref: true });
      if (!over.signal.aborted) {
        if (await answers(settings, health.timeoutMs, over.signal)) {
          healthyAt = performance.now();
          failures = 0;
          continue;
        }
      }
      if (signal.aborted) return undefined;
      if (over.signal.aborted) {
        const healthyMs = (failures === 0 ? performance.now() : healthyAt) - startedAt;
        return { reason: await daemon.ended, healthyMs };
      }
      failures++;
      logger.warn({ pid: daemon.pid, failures }, 'containerd does not answer');
      if (failures >= health.failures) return { reason: 'does not answer', healthyMs: healthyAt - startedAt };
    }
  } finally {
    over.unlink();
  }
}

async function answers(settings: Settings, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await unlessAborted(boundedProbe(settings.probe, settings.address, timeoutMs), signal);
    return true;
  } catch {
    return false;
  }
}

/** SIGTERM, then SIGKILL after `graceMs`. True when the process is gone. Its shims are not touched. */
export async function terminate(daemon: DaemonProcess, graceMs: number): Promise<boolean> {
  if (!daemon.alive) return true;
  daemon.signal('SIGTERM');
  if (await settlesWithin(daemon.ended, graceMs)) return true;
  return kill(daemon);
}

/** SIGKILL. True when the process is gone. */
export async function kill(daemon: DaemonProcess): Promise<boolean> {
  if (!daemon.alive) return true;
  daemon.signal('SIGKILL');
  return settlesWithin(daemon.ended, KILL_WAIT_MS);
}
