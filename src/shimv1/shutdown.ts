import { processStartTime } from '../platform/process.js';
import type { RpcCallOptions } from '../protocol/method.js';
import type { ShimParams } from '../shim/shim.js';
import { endShim } from '../shim/shim-process.js';
import { removeSocket } from './socket.js';
import { timeLeft } from './time-left.js';

const SHUTDOWN_TIMEOUT_MS = 5_000;

export interface IdleShim {
  readonly pid: number;
  readonly socket: string;
  readonly params: ShimParams;
}

/**
 * Ends a shim that has answered just now that it has no task. API v1 has no Shutdown: containerd kills it too, with
 * SIGKILL, since at SIGTERM it would delete the container by itself. A killed shim leaves its socket; it is removed.
 */
export async function endIdleShim({ pid, socket }: IdleShim, call: RpcCallOptions = {}): Promise<void> {
  const left = timeLeft(call, SHUTDOWN_TIMEOUT_MS);
  const startTime = await processStartTime(pid);
  if (startTime !== undefined) await endShim({ pid, startTime }, left());
  await removeSocket(socket);
}
