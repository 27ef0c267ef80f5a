import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isFailedPrecondition, isNotFound, toEngineError } from '../errdefs/index.js';
import { parseSpec } from '../oci/parse-spec.js';
import type { RpcCallOptions } from '../protocol/method.js';
import { unmountBelow } from '../shim/mounts.js';
import type { DeadTask, ShimParams } from '../shim/shim.js';
import { runAction } from '../shim/spawn.js';
import { deleteArguments } from './binary.js';
import { parseLaunchOptions, readLaunchOptions } from './launch-options.js';
import { endCgroup } from './leftover-cgroup.js';
import { removeSocket, socketPath } from './socket.js';
import { timeLeft } from './time-left.js';

const CLEANUP_TIMEOUT_MS = 30_000;
const DELETE_TIMEOUT_MS = 10_000;
/** What a process ended by SIGKILL has: nobody knows better, since the shim alone had reaped it. */
const EXIT_STATUS = 137;

/**
 * API v1 has no `delete` action, so this is what containerd does for a dead shim: `runc delete --force`, unmount. What
 * the OCI runtime does not know, since the shim was killed in the middle of a create, is ended by its cgroup.
 *
 * @param call `timeoutMs` @default 30000
 * @throws FailedPreconditionError `ERR_ROOTFS_BUSY`; DeadlineExceededError; CanceledError
 */
export async function cleanup(params: ShimParams, call: RpcCallOptions = {}): Promise<DeadTask> {
  const left = timeLeft(call, CLEANUP_TIMEOUT_MS);
  const pid = await initPid(params);
  await deleteContainer(params, left());
  await endLeftovers(params, left());
  await unmountBelow(join(params.bundle.path, 'rootfs'), left());
  await removeSocket(socketPath(params));
  return { pid, exitStatus: EXIT_STATUS, exitedAt: new Date() };
}

/** The OCI runtime answers with success when it knows no such container. */
async function deleteContainer(params: ShimParams, call: RpcCallOptions & { timeoutMs: number }): Promise<void> {
  const { log, id, bundle } = params;
  const options = (await readLaunchOptions(bundle)) ?? parseLaunchOptions(params.options);
  const timeoutMs = Math.min(DELETE_TIMEOUT_MS, call.timeoutMs);
  try {
    const result = await runAction(options.runtime, deleteArguments(params, options), { ...call, timeoutMs });
    if (result.exitCode === 0) return;
    const said = result.stderr.toString('utf8').trim();
    log.warn({ containerId: id, exitCode: result.exitCode, said }, 'the runtime did not delete a container');
  } catch (err) {
    // The cgroup is ended and the rootfs unmounted all the same; without that nobody could ever delete the bundle.
    log.warn({ err, containerId: id }, 'the runtime did not delete a container');
  }
}

async function endLeftovers({ bundle, log, id }: ShimParams, call: RpcCallOptions): Promise<void> {
  const path = await cgroupPath(bundle.path);
  if (path === undefined) return;
  try {
    const killed = await endCgroup(path, call);
    if (killed > 0) log.warn({ containerId: id, killed }, 'processes had outlived the runtime');
  } catch (err) {
    if (!isFailedPrecondition(err)) throw err;
    // A spec that puts the container among others: nobody can tell which are its own.
    log.warn({ err, containerId: id }, 'what is left of a container is not ended');
  }
}

/** Of a spec for the driver `cgroupfs`; the one for systemd names a unit, and a relative path depends on the runtime. */
async function cgroupPath(bundle: string): Promise<string | undefined> {
  const text = await readText(join(bundle, 'config.json'));
  if (text === undefined) return undefined;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = parseSpec(document);
  const path = 'spec' in parsed ? parsed.spec.linux?.cgroupsPath : undefined;
  return path?.startsWith('/') ? path : undefined;
}

/** 0 when the container was never created. */
async function initPid({ bundle }: ShimParams): Promise<number> {
  const text = (await readText(join(bundle.path, 'init.pid')))?.trim() ?? '';
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (err) {
    const error = toEngineError(err, `read ${path}`);
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
