import process from 'node:process';
import {
  DeadlineExceededError,
  type EngineError,
  isNotFound,
  toEngineError,
  UnavailableError,
} from '../../errdefs/index.js';
import { signalNumber } from '../../libcontainerd/signals.js';
import type { CallOptions } from '../../libcontainerd/types.js';
import { lives } from '../../platform/process-identity.js';
import type { CurrentRun, ManagedContainer } from '../container/managed-container.js';
import { saveOrWarn } from '../container/save-or-warn.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { runOf } from './preconditions.js';
import { refusal } from './refusal.js';

const SIGKILL = 9;
const SIGTERM = 15;
/** How long an exit may take to come before the init process is killed past the backend. */
const EXIT_MS = 10_000;
const FORCED_EXIT_MS = 2_000;
/** The longest that `setTimeout` takes; past it, it fires at once. Nobody sees the difference to for ever. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** @default SIGTERM */
export function stopSignalOf(c: ManagedContainer): number {
  const { StopSignal } = c.record.config;
  return StopSignal === undefined || StopSignal === '' ? SIGTERM : signalNumber(StopSignal);
}

/**
 * Sends a signal to the init process. SIGKILL waits for the end as well. Every error says `Cannot kill container: ID: ` first
 * (moby `daemon/server/router/container/container_routes.go`).
 *
 * SIGKILL and the container's own stop signal count as a stop: they end the restart policy, and `unless-stopped` remembers
 * them. Any other does neither; with upstream a harmless SIGHUP does both (moby `daemon/kill.go`), which is not copied.
 * @throws ConflictError when it does not run; InvalidArgumentError `ERR_SIGNAL_INVALID`; DeadlineExceededError when a
 * killed one does not end
 */
export async function killContainer(
  engine: EngineContext,
  c: ManagedContainer,
  signal: number | string = SIGKILL,
  call: CallOptions = {},
): Promise<void> {
  try {
    await killRun(engine, c, signal, call);
  } catch (err) {
    throw refusal(`Cannot kill container: ${c.id}`, err);
  }
}

async function killRun(
  engine: EngineContext,
  c: ManagedContainer,
  signal: number | string,
  call: CallOptions,
): Promise<void> {
  const number = signalNumber(signal);
  if (c.state.status === 'restarting') {
    if (!isStop(c, number)) return;
    await cancelRestart(engine, c, call);
    if (!c.isAlive) return;
  }
  const run = runOf(c);
  if (number === SIGKILL) await killAndWait(engine, c, run, call);
  else await sendSignal(engine, c, run, number, call);
}

/** SIGKILL, and the end of this run committed. Nothing when it is over, though another one may have begun. */
export async function killAndWait(
  engine: EngineContext,
  c: ManagedContainer,
  run: CurrentRun,
  call: CallOptions = {},
): Promise<void> {
  if (c.run !== run) return;
  const failure = await sendSignal(engine, c, run, SIGKILL, call).then(
    () => undefined,
    (err: unknown) => toEngineError(err),
  );
  if (failure !== undefined && !mayHelp(failure)) throw failure;
  if (failure === undefined && (await hasEnded(c, run, { ...call, timeoutMs: EXIT_MS }))) return;
  // The backend did not deliver it, or the news does not come: the process itself is what has to go.
  if (run.identity !== undefined && lives(run.identity)) {
    engine.log.warn({ containerId: c.id, pid: run.identity.pid }, 'kill a process past its runtime');
    process.kill(run.identity.pid, 'SIGKILL');
  }
  if (await hasEnded(c, run, { ...call, timeoutMs: FORCED_EXIT_MS })) return;
  throw (
    failure ??
    new DeadlineExceededError(`kill container ${c.id}: tried to kill container, but did not receive an exit event`, {
      fields: { containerId: c.id },
    })
  );
}

function mayHelp(err: EngineError): boolean {
  return err instanceof DeadlineExceededError || err instanceof UnavailableError;
}

/**
 * Under the lock, for a moment: the exit that follows needs it too. A paused container gets its signal when it moves
 * again, so one that is to end is resumed.
 */
export async function sendSignal(
  engine: EngineContext,
  c: ManagedContainer,
  run: CurrentRun,
  signal: number,
  call: CallOptions = {},
): Promise<void> {
  let isSent = false;
  let isResumed = false;
  await c.lock.run(
    `signal container ${c.id}`,
    async () => {
      // Another run is somebody else's wish.
      if (c.run !== undefined && c.run !== run) return;
      const ends = isStop(c, signal);
      // Also when it has just ended by itself: its restart policy may be about to start it again.
      if (ends) await endRestarts(engine, c);
      if (c.run !== run || !c.isAlive) return;
      isSent = true;
      try {
        await run.task.kill(signal, call);
        if (ends && c.state.status === 'paused') {
          await resumeToEnd(engine, c, run, signal, call);
          c.health?.start();
          await saveOrWarn(engine, c);
          isResumed = true;
        }
      } catch (err) {
        // It has ended already; its exit is on the way.
        if (!isNotFound(err)) throw err;
      }
    },
    call,
  );
  if (!isSent) return;
  engine.events.publish('container', 'kill', c.id, { ...containerAttributes(c.record), signal: String(signal) });
  if (isResumed) engine.events.publish('container', 'unpause', c.id, containerAttributes(c.record));
}

/**
 * runc thaws what gets SIGKILL on cgroup v1, and its shim does not know: then there is nothing to resume. Whoever kills waits
 * for the end, and has other means when it does not come.
 */
async function resumeToEnd(
  engine: EngineContext,
  c: ManagedContainer,
  run: CurrentRun,
  signal: number,
  call: CallOptions,
): Promise<void> {
  try {
    await run.task.resume(call);
  } catch (err) {
    if (signal !== SIGKILL && (await run.task.status(call)).status === 'paused') throw err;
    engine.log.debug({ err, containerId: c.id }, 'resume a container that was killed');
  }
  c.change({ kind: 'unpaused' });
}

function isStop(c: ManagedContainer, signal: number): boolean {
  return signal === SIGKILL || signal === stopSignalOf(c);
}

/** True when the end of this run is committed, false when the time is over. */
export async function hasEnded(c: ManagedContainer, run: CurrentRun, call: CallOptions): Promise<boolean> {
  if (c.run !== run) return true;
  const { timeoutMs, signal } = call;
  const giveUp = new AbortController();
  const bounded = signal === undefined ? giveUp.signal : AbortSignal.any([signal, giveUp.signal]);
  const timer =
    timeoutMs === undefined || timeoutMs > TIMER_MAX_MS ? undefined : setTimeout(() => giveUp.abort(), timeoutMs);
  try {
    await c.waits.exit(bounded);
    return true;
  } catch (err) {
    // Also when the engine closes: nobody is to be killed for that.
    if (!giveUp.signal.aborted) throw err;
    return c.run !== run;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Ends the delay of the restart policy: the container stays as it ended. When it was started again just before, it runs
 * afterwards, and its policy is cancelled.
 */
export async function cancelRestart(engine: EngineContext, c: ManagedContainer, call: CallOptions = {}): Promise<void> {
  c.restart.cancel();
  await c.lock.run(`end the restarts of container ${c.id}`, () => endRestarts(engine, c), call);
}

/** Somebody stops it. Under its lock; whatever state it is in by then, nothing starts it again. */
async function endRestarts(engine: EngineContext, c: ManagedContainer): Promise<void> {
  c.restart.cancel();
  // That the engine ends is no reason to leave it stopped when the next one opens.
  if (!engine.isStopping()) c.amend({ manuallyStopped: true });
  const { status, exitCode, finishedAt } = c.state;
  if (status === 'restarting') c.change({ kind: 'exited', exitCode, finishedAt });
  await saveOrWarn(engine, c);
  if (status === 'restarting') c.waits.exited({ exitCode, error: '' });
}
