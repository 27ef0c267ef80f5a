import { cancellation, isDeadlineExceeded, isUnavailable, NotModifiedError } from '../../errdefs/index.js';
import { withinCall } from '../../libcontainerd/deadline.js';
import { signalNumber } from '../../libcontainerd/signals.js';
import type { CallOptions } from '../../libcontainerd/types.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { cancelRestart, hasEnded, killAndWait, sendSignal, stopSignalOf } from './kill.js';
import { runOf } from './preconditions.js';
import { startContainer } from './start.js';

export interface StopOptions {
  /** @default the container's StopSignal, else SIGTERM */
  readonly signal?: number | string | undefined;
  /** How long it may take before it is killed; negative: for ever. @default the container's StopTimeout, else 10 */
  readonly timeoutSeconds?: number | undefined;
}

const TIMEOUT_SECONDS = 10;
/** A signal that could not be sent may have been sent all the same. */
const AFTER_FAILURE_MS = 2_000;

/**
 * Asks the container to end, then ends it. Returns when the end is committed: a start may follow at once.
 * @throws NotModifiedError when it does not run
 */
export async function stopContainer(
  engine: EngineContext,
  c: ManagedContainer,
  options: StopOptions = {},
  call: CallOptions = {},
): Promise<void> {
  if (!c.isAlive && c.state.status !== 'restarting') {
    if (c.uncertain !== undefined) runOf(c);
    throw new NotModifiedError(`container ${c.id} is already stopped`, { fields: { containerId: c.id } });
  }
  if (c.state.status === 'restarting') await cancelRestart(engine, c, call);
  if (c.isAlive) await endRun(engine, c, options, call);
  engine.events.publish('container', 'stop', c.id, containerAttributes(c.record));
}

/** Signal, time, SIGKILL. Nothing when it does not run. */
export async function endRun(
  engine: EngineContext,
  c: ManagedContainer,
  options: StopOptions,
  call: CallOptions = {},
): Promise<void> {
  const run = runOf(c);
  const signal = options.signal === undefined ? stopSignalOf(c) : signalNumber(options.signal);
  const seconds = options.timeoutSeconds ?? c.record.config.StopTimeout ?? TIMEOUT_SECONDS;
  // Whatever the signal, this is a stop.
  await cancelRestart(engine, c, call);
  let waitMs = seconds < 0 ? Number.POSITIVE_INFINITY : seconds * 1_000;
  try {
    await sendSignal(engine, c, run, signal, call);
  } catch (err) {
    if (!isDeadlineExceeded(err) && !isUnavailable(err)) throw err;
    engine.log.warn({ err, containerId: c.id }, 'send the stop signal');
    waitMs = Math.min(waitMs, AFTER_FAILURE_MS);
  }
  if (await hasEnded(c, run, { signal: call.signal, timeoutMs: waitMs })) return;
  await killAndWait(engine, c, run, call);
}

/**
 * Stop, if it runs, and start. A caller that goes (`call`) does not leave it half done: it goes on, and what fails then is
 * logged (moby `daemon/restart.go` detaches it from its request too).
 * @throws as stop and start do; CanceledError, DeadlineExceededError when the caller goes
 */
export async function restartContainer(
  engine: EngineContext,
  c: ManagedContainer,
  options: StopOptions = {},
  call: CallOptions = {},
): Promise<void> {
  const what = `restart container ${c.id}`;
  if (call.signal?.aborted) throw cancellation(what, call.signal.reason);
  let isOver = false;
  const restarted = stopAndStart(engine, c, options).finally(() => {
    isOver = true;
  });
  try {
    await withinCall(what, restarted, call);
  } catch (err) {
    if (!isOver) engine.background(what, c.id, () => restarted);
    throw err;
  }
}

async function stopAndStart(engine: EngineContext, c: ManagedContainer, options: StopOptions): Promise<void> {
  c.restartsByHand += 1;
  try {
    if (c.isAlive || c.state.status === 'restarting') await stopContainer(engine, c, options);
    await startContainer(engine, c).catch((err: unknown) => {
      // Somebody else was faster, which is what was asked for.
      if (!(err instanceof NotModifiedError)) throw err;
    });
  } finally {
    c.restartsByHand -= 1;
  }
  engine.events.publish('container', 'restart', c.id, containerAttributes(c.record));
}
