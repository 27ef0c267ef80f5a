import { setTimeout as delay } from 'node:timers/promises';
import { errorText, isNotFound, isUnavailable } from '../../../errdefs/index.js';
import type { DeadTask, Shim, ShimDialect, ShimParams } from '../../../shim/shim.js';
import { readExit } from './exit-file.js';
import { TIMEOUTS } from './timeouts.js';

export interface Recovery {
  readonly dialect: ShimDialect;
  readonly params: ShimParams;
  /** Ends the search: the core closes, or the task is not wanted any more. */
  readonly signal: AbortSignal;
}

/**
 * Looks for the shim of a task until it answers, or is known to be dead: then `undefined`, as when it does not know the
 * task. A shim that hangs is not dead.
 */
export async function findShim(recovery: Recovery): Promise<{ shim: Shim; pid: number } | undefined> {
  const { dialect, params, signal } = recovery;
  let pauseMs: number = TIMEOUTS.retryFirst;
  while (!signal.aborted) {
    try {
      const shim = await dialect.connect(params, { timeoutMs: TIMEOUTS.load, signal });
      const pid = await taskPid(shim, params.id, signal);
      return pid === undefined ? undefined : { shim, pid };
    } catch (err) {
      if (isUnavailable(err) || signal.aborted) return undefined;
      params.log.warn({ err, containerId: params.id }, 'reach a shim; trying again');
    }
    await delay(pauseMs, undefined, { signal, ref: false }).catch(() => {});
    pauseMs = Math.min(pauseMs * 2, TIMEOUTS.retryMax);
  }
  return undefined;
}

/** `undefined` when the shim does not know the task; then it is asked to end, which it does unless it has others. */
async function taskPid(shim: Shim, id: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    return (await shim.tasks.state({ id, execId: '' }, { timeoutMs: TIMEOUTS.load, signal })).pid;
  } catch (err) {
    if (isNotFound(err)) {
      await shim.tasks.shutdown({ id, now: false }, { timeoutMs: TIMEOUTS.shutdown }).catch(() => {});
    }
    shim.close();
    if (!isNotFound(err)) throw err;
    return undefined;
  }
}

export interface Burial {
  readonly end: DeadTask;
  /** Nobody could tell, and not even the clean-up worked. */
  readonly exitUnknown: boolean;
  /** Something of it may be left. */
  readonly isUnclean: boolean;
}

/** For a dead shim: ends what it left running, and gives the exit that was kept, or that the clean-up makes up. */
export async function bury({ dialect, params }: Recovery, knownPid: number): Promise<Burial> {
  const kept = await readExit(params.bundle);
  try {
    const cleaned = await dialect.cleanup(params, { timeoutMs: TIMEOUTS.cleanup });
    return {
      end: kept ?? { ...cleaned, pid: cleaned.pid === 0 ? knownPid : cleaned.pid },
      exitUnknown: false,
      isUnclean: false,
    };
  } catch (err) {
    params.log.error({ err, containerId: params.id }, `clean up after a dead shim: ${errorText(err)}`);
    const end = kept ?? { pid: knownPid, exitStatus: 255, exitedAt: new Date() };
    return { end, exitUnknown: kept === undefined, isUnclean: true };
  }
}
