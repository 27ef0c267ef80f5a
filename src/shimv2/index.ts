import { join } from 'node:path';
import { type EngineError, InternalError, toEngineError, UnavailableError } from '../errdefs/index.js';
import type { RpcCallOptions } from '../protocol/method.js';
import {
  type Bootstrap,
  readBootstrap,
  writeBootstrap,
  writeShimBinary,
  writeShimRecord,
} from '../shim/bundle-files.js';
import { LogPump } from '../shim/log-pump.js';
import type { Shim, ShimDialect, ShimParams, StartCall } from '../shim/shim.js';
import { ShimBinaries } from './binary.js';
import { startShim } from './bootstrap.js';
import { cleanupDeadShim } from './cleanup.js';
import { connectShim, reopenLog } from './connect.js';
import { endShimsOf } from './leftover-shim.js';
import { LogTail } from './log-tail.js';
import { expectedSockets, removeDeadSockets, specOf } from './sockets.js';
import { asSpoken } from './start-reply.js';
import { TIMEOUTS, timeLeft } from './timeouts.js';

/** Shims with the task API v2 or v3: `containerd-shim-runc-v1`, `containerd-shim-runc-v2` and all of their kind. */
export interface ShimV2 extends ShimDialect {
  /**
   * Connects to a shim that lives already, for a container of the same group, and notes in its bundle where that is.
   * The shim is not asked whether the groups are the same: its Create does that.
   * @throws as `connect`
   */
  connectTo(bootstrap: Bootstrap, params: ShimParams, call?: RpcCallOptions): Promise<Shim>;
  /**
   * For a container that is given a connection which is there already: notes in its bundle where that leads.
   * @throws by errno
   */
  note(params: ShimParams, bootstrap: Bootstrap, shim: Pick<Shim, 'pid'>): Promise<void>;
}

/** Makes a dialect that remembers what it learned of the shim programs of this machine. */
export function createShimV2(): ShimV2 {
  const binaries = new ShimBinaries();
  return {
    start: (params, call) => start(params, binaries, call),
    connect,
    connectTo,
    note,
    cleanup: cleanupDeadShim,
  };
}

export const shimV2: ShimV2 = createShimV2();

async function start(params: ShimParams, binaries: ShimBinaries, call: StartCall = {}): Promise<Shim> {
  const left = timeLeft(call, TIMEOUTS.startMs);
  const tail = new LogTail(params.log);
  // Before the shim: it waits in its start for somebody to read its log.
  const pump = await LogPump.open(join(params.bundle.path, 'log'), tail);
  let shim: Shim | undefined;
  try {
    const bootstrap = await startShim(params, binaries, left());
    shim = await connectShim(params, bootstrap, pump, left());
    const noted = note(params, bootstrap, shim);
    if (call.onNoting === undefined) await noted;
    else call.onNoting(noted);
    return shim;
  } catch (err) {
    shim?.close();
    await endFailedStart(params, pump);
    throw startFailure(params, err, tail);
  }
}

async function connect(params: ShimParams, call: RpcCallOptions = {}): Promise<Shim> {
  const left = timeLeft(call, TIMEOUTS.connectMs);
  const bootstrap = await readBootstrap(params.bundle);
  if (bootstrap === undefined) {
    throw new UnavailableError(`connect to shim of ${params.id}: its bundle names no address`, {
      code: 'ERR_SHIM_UNREACHABLE',
      fields: { containerId: params.id, path: params.bundle.path },
    });
  }
  const spoken = asSpoken(bootstrap);
  const pump = await reopenLog(params);
  try {
    return await connectShim(params, spoken, pump, left());
  } catch (err) {
    await pump?.close();
    throw err;
  }
}

async function connectTo(bootstrap: Bootstrap, params: ShimParams, call: RpcCallOptions = {}): Promise<Shim> {
  const shim = await connectShim(params, asSpoken(bootstrap), undefined, call);
  try {
    await note(params, bootstrap, shim);
    return shim;
  } catch (err) {
    shim.close();
    throw err;
  }
}

/** What finds the shim again after a restart of ours. A crash before this leaves one that only a scan finds. */
async function note(params: ShimParams, bootstrap: Bootstrap, shim: Pick<Shim, 'pid'>): Promise<void> {
  const { bundle, binary } = params;
  const record = shim.pid === 0 ? { api: 'v2' as const } : { api: 'v2' as const, pid: shim.pid };
  await Promise.all([writeShimBinary(bundle, binary), writeShimRecord(bundle, record)]);
  // Last: with it the others are known to be there.
  await writeBootstrap(bundle, bootstrap);
}

/** Its own bounds: what was started has to go, whoever has no more time. */
async function endFailedStart(params: ShimParams, pump: LogPump): Promise<void> {
  const step = { timeoutMs: TIMEOUTS.stepMs };
  try {
    await endShimsOf(params, step);
    await removeDeadSockets(expectedSockets(params, await specOf(params.bundle)));
  } catch (err) {
    params.log.error({ containerId: params.id, err }, 'a shim that failed to start may be left');
  }
  await pump.close();
}

/** A shim that just printed its address and is not there has failed; what it logged says why. */
function startFailure({ id }: ShimParams, err: unknown, { text }: LogTail): EngineError {
  const error = toEngineError(err);
  if (error.errorClass !== 'unavailable') return error;
  const why = text === '' ? 'it logged nothing' : text;
  return new InternalError(`start shim of ${id}: it ended at once: ${why}`, { code: 'ERR_SHIM_START', cause: error });
}
