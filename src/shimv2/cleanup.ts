import { join } from 'node:path';
import { cancellation, type EngineError, InternalError, toEngineError } from '../errdefs/index.js';
import { DeleteResponse } from '../protocol/gen/containerd/shim/task_v2.js';
import type { RpcCallOptions } from '../protocol/method.js';
import { decodeMessage } from '../protocol/wire/index.js';
import { type Bootstrap, readBootstrap } from '../shim/bundle-files.js';
import { unmountBelow } from '../shim/mounts.js';
import type { DeadTask, ShimParams } from '../shim/shim.js';
import { runAction } from '../shim/spawn.js';
import { shimArguments, shimEnvironment } from './binary.js';
import { removeCgroups } from './cgroup-folders.js';
import { initPid, killProcesses } from './container-processes.js';
import { readExitStatusFile } from './exit-status-file.js';
import { endShimsOf } from './leftover-shim.js';
import { deleteByRuntime, isOfRunc, mayHaveCreated } from './runtime-delete.js';
import { expectedSockets, noneListens, removeDeadSockets, socketFile, specOf } from './sockets.js';
import { TIMEOUTS } from './timeouts.js';

/** 128 and SIGKILL: what containerd tells of a container whose shim died. */
const KILLED_STATUS = 137;
/** Go's zero time arrives as the year 1: a shim that knows no time. */
const EARLIEST_MS = Date.UTC(1970, 0, 2);

/**
 * Ends what is left of a container whose shim is dead, first by the shim's `delete` action, then by what that left
 * over. Each step goes on where one before it failed, and has its own bound; `timeoutMs` is that of `delete`.
 *
 * @throws FailedPreconditionError when a process or mount remains; CanceledError when `signal` fires, before the next
 * step. Whatever is thrown, it may be called again.
 */
export async function cleanupDeadShim(params: ShimParams, call: RpcCallOptions = {}): Promise<DeadTask> {
  const { bundle, log } = params;
  const { signal } = call;
  const step = { signal, timeoutMs: TIMEOUTS.stepMs };
  const spec = await specOf(bundle);
  // Both before the delete, which may take the bundle's files with it.
  const witnessed = await readExitStatusFile(bundle);
  const pid = await initPid(bundle);
  const bootstrap = await attempt(params, 'read the address of the shim', () => readBootstrap(bundle));
  // What is left of it would reap what the delete kills.
  if (await isOutOfReach(bootstrap)) await attempt(params, 'end the shim', () => endShimsOf(params, step));

  const isCreated = await attempt(params, 'look for a container', () => mayHaveCreated(params));
  let reported = await attempt(params, 'run delete of the shim', () => runDelete(params, call, isCreated));
  if (reported instanceof Error && isCreated === true && isOfRunc(params)) {
    await attempt(params, 'delete by the runtime', () => deleteByRuntime(params, step));
  }
  if (signal?.aborted) throw cancellation(`clean up after shim of ${params.id}`, signal.reason);
  await killProcesses(bundle, spec, pid, step);
  await attempt(params, 'remove the cgroup', () => removeCgroups(spec));
  await unmountBelow(join(bundle.path, 'rootfs'), step);
  const file = fileOf(bootstrap);
  await removeDeadSockets([...expectedSockets(params, spec), ...(file === undefined ? [] : [file])]);

  if (reported instanceof Error) {
    log.warn({ containerId: params.id, err: reported }, 'shim did not clean up after itself; done without it');
    reported = { pid: 0, exitStatus: KILLED_STATUS, exitedAt: new Date() };
  }
  const told = witnessed ?? reported;
  return { ...told, pid: told.pid || reported.pid || pid };
}

async function runDelete(
  params: ShimParams,
  call: RpcCallOptions,
  isCreated: boolean | EngineError,
): Promise<DeadTask> {
  if (isCreated === false) throw new InternalError('it had created nothing');
  const { exitCode, stdout, stderr } = await runAction(params.binary, shimArguments(params, 'delete'), {
    signal: call.signal,
    timeoutMs: call.timeoutMs ?? TIMEOUTS.cleanupMs,
    cwd: params.bundle.path,
    env: shimEnvironment(params),
  });
  const warnings = stderr.toString('utf8').trim();
  if (exitCode !== 0) throw new InternalError(`exit status ${exitCode}: ${warnings || 'it said nothing'}`);
  if (warnings !== '') params.log.info({ containerId: params.id, warnings }, 'warnings while cleaning up a dead shim');
  // No bytes are a valid message, whose status is 0: a success that nobody saw.
  if (stdout.length === 0) throw new InternalError('it printed no answer');
  const { pid, exitStatus, exitedAt } = decodeMessage(DeleteResponse, stdout);
  const isTime = exitedAt !== undefined && exitedAt.getTime() >= EARLIEST_MS;
  return { pid, exitStatus, exitedAt: isTime ? exitedAt : new Date() };
}

/** Whether certainly nobody can call the shim any more: it was never noted where it is, or does not listen there. */
async function isOutOfReach(bootstrap: Bootstrap | EngineError | undefined): Promise<boolean> {
  if (bootstrap === undefined) return true;
  const file = fileOf(bootstrap);
  return file !== undefined && (await noneListens([file]));
}

function fileOf(bootstrap: Bootstrap | EngineError | undefined): string | undefined {
  return bootstrap === undefined || bootstrap instanceof Error ? undefined : socketFile(bootstrap.address);
}

/** The error in place of the answer: what follows has to be done all the same. */
async function attempt<T>(params: ShimParams, what: string, act: () => Promise<T>): Promise<T | EngineError> {
  try {
    return await act();
  } catch (err) {
    params.log.debug({ containerId: params.id, err }, `cannot ${what}`);
    return toEngineError(err, what);
  }
}
