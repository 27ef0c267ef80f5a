import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { InternalError, isNotFound, NotFoundError, toEngineError } from '../errdefs/index.js';
import { processStartTime } from '../platform/process.js';
import type { RpcCallOptions } from '../protocol/method.js';
import { writeBootstrap, writeShimBinary, writeShimRecord } from '../shim/bundle-files.js';
import { adjustOomScore } from '../shim/oom-score.js';
import type { Shim, ShimParams } from '../shim/shim.js';
import { endShim } from '../shim/shim-process.js';
import { launchArguments, launchEnvironment } from './binary.js';
import { shimOver } from './connect.js';
import { type LaunchOptions, parseLaunchOptions, writeLaunchOptions } from './launch-options.js';
import { connectWhenListening } from './listening.js';
import { ShimLogs } from './shim-logs.js';
import { clearSocket, removeSocket, socketPath } from './socket.js';
import { timeLeft } from './time-left.js';

const START_TIMEOUT_MS = 10_000;
const END_TIMEOUT_MS = 5_000;

/**
 * Does what containerd does for a shim of API v1 (runtime/v1/shim/client): there is no `start` action, so the daemon is
 * launched by us, and its OOM score, its log FIFOs and what the bundle says of it are our duty.
 *
 * @param call `timeoutMs` @default 10000
 * @throws NotFoundError `ERR_RUNTIME_NOT_FOUND`; InternalError `ERR_SHIM_START` when it exits at once;
 * AlreadyExistsError when a shim of this container lives; InvalidArgumentError; DeadlineExceededError; CanceledError
 */
export async function start(params: ShimParams, call: RpcCallOptions = {}): Promise<Shim> {
  const left = timeLeft(call, START_TIMEOUT_MS);
  const options = parseLaunchOptions(params.options);
  const socket = socketPath(params);
  await clearSocket(socket, left());
  // Before the shim: a cleanup must know the OCI runtime whenever there may be a container.
  await writeLaunchOptions(params.bundle, options);
  const logs = await ShimLogs.open(params);
  let child: LaunchedShim | undefined;
  try {
    child = await launch(params, options, socket, logs);
    return await attach(params, options, socket, logs, child, left);
  } catch (err) {
    await discard(child, params);
    await logs.close();
    await removeSocket(socket);
    throw err;
  }
}

async function attach(
  params: ShimParams,
  options: LaunchOptions,
  socket: string,
  logs: ShimLogs,
  child: LaunchedShim,
  left: () => RpcCallOptions & { timeoutMs: number },
): Promise<Shim> {
  const { pid, died } = child;
  // Early, so that a kill of ours at any time from here on leaves a shim that can be found.
  const address = `unix://${socket}`;
  await writeShimBinary(params.bundle, params.binary);
  // The address last: with it the bundle has a task, and that must not be taken for one of API v2.
  await writeShimRecord(params.bundle, { api: 'v1', pid });
  await writeBootstrap(params.bundle, { version: 1, address, protocol: 'ttrpc' });
  const signal = left().signal;
  const either = signal === undefined ? died : AbortSignal.any([signal, died]);
  const client = await connectWhenListening(socket, params.namespace, () => ({ ...left(), signal: either })).catch(
    (err: unknown) => {
      throw died.aborted ? toEngineError(died.reason) : err;
    },
  );
  try {
    await adjustOomScore(pid);
  } catch (err) {
    client.close();
    throw err;
  }
  return shimOver({ client, logs, params, options, socket, pid });
}

interface LaunchedShim {
  readonly pid: number;
  /** Fires with an EngineError as its reason when the process has exited. */
  readonly died: AbortSignal;
}

async function launch(
  params: ShimParams,
  options: LaunchOptions,
  socket: string,
  logs: ShimLogs,
): Promise<LaunchedShim> {
  const ends = await logs.writeEnds();
  try {
    const child = spawn(params.binary, launchArguments(params, options, socket), {
      cwd: params.bundle.path,
      env: launchEnvironment(),
      // A session of its own: a signal to our terminal must not reach it.
      detached: true,
      stdio: ['ignore', ...ends.map(({ fd }) => fd)],
    });
    const pid = await pidOf(child);
    // Reaped as long as we live, and kept alive by nobody.
    child.unref();
    return { pid, died: deathOf(child) };
  } catch (err) {
    throw launchError(err, params);
  } finally {
    await Promise.all(ends.map((end) => end.close()));
  }
}

async function pidOf(child: ChildProcess): Promise<number> {
  await once(child, 'spawn');
  if (child.pid === undefined) throw new InternalError('launch shim: it has no pid', { code: 'ERR_SHIM_START' });
  return child.pid;
}

function deathOf(child: ChildProcess): AbortSignal {
  const death = new AbortController();
  child.once('exit', (status, signal) => {
    const how = signal === null ? `exited with status ${status}` : `was ended by ${signal}`;
    const message = `start shim: it ${how} before it listened; its log tells why`;
    death.abort(new InternalError(message, { code: 'ERR_SHIM_START' }));
  });
  return death.signal;
}

function launchError(err: unknown, { binary, bundle }: ShimParams): unknown {
  const error = toEngineError(err, 'launch shim');
  // spawn says ENOENT for the binary and for the working folder alike; the logs were just opened below the latter.
  if (!isNotFound(error)) return error;
  const fields = { binary, bundle: bundle.path };
  return new NotFoundError('launch shim', { code: 'ERR_RUNTIME_NOT_FOUND', cause: err, fields });
}

/** A failed start leaves nothing, whatever the time left of the call. */
async function discard(child: LaunchedShim | undefined, params: ShimParams): Promise<void> {
  if (child === undefined || child.died.aborted) return;
  try {
    const startTime = await processStartTime(child.pid);
    if (startTime !== undefined) await endShim({ pid: child.pid, startTime }, { timeoutMs: END_TIMEOUT_MS });
  } catch (err) {
    params.log.error({ err, containerId: params.id, pid: child.pid }, 'a shim that failed to start was left behind');
  }
}
