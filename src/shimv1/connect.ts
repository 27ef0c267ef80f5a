import { UnavailableError } from '../errdefs/index.js';
import { ShimDefinition } from '../protocol/gen/containerd/shim/shim_v1.js';
import type { RpcCallOptions } from '../protocol/method.js';
import { TtrpcClient } from '../protocol/ttrpc/index.js';
import { readBootstrap } from '../shim/bundle-files.js';
import type { Shim, ShimParams } from '../shim/shim.js';
import { tasksOver } from './client.js';
import { type LaunchOptions, parseLaunchOptions, readLaunchOptions } from './launch-options.js';
import { ShimLogs } from './shim-logs.js';
import { timeLeft } from './time-left.js';

/** containerd gives 5 s to all that it asks a shim after its own restart. */
const CONNECT_TIMEOUT_MS = 5_000;
const SCHEME = 'unix://';

/**
 * Connects to the shim that the bundle names, after a restart of ours, and copies its log again.
 * @param call `timeoutMs` @default 5000
 * @throws UnavailableError when nobody listens, or the bundle names no shim; DeadlineExceededError when the shim hangs
 */
export async function connect(params: ShimParams, call: RpcCallOptions = {}): Promise<Shim> {
  const left = timeLeft(call, CONNECT_TIMEOUT_MS);
  const bootstrap = await readBootstrap(params.bundle);
  if (bootstrap === undefined) {
    throw new UnavailableError('connect to shim: its bundle names no address', {
      fields: { path: params.bundle.path },
    });
  }
  const { address } = bootstrap;
  const options = (await readLaunchOptions(params.bundle)) ?? parseLaunchOptions(params.options);
  const client = await TtrpcClient.connect(address, { namespace: params.namespace }, left());
  try {
    const { shimPid } = await client.unary(ShimDefinition, 'shimInfo', {}, left());
    const logs = await ShimLogs.open(params);
    const socket = address.startsWith(SCHEME) ? address.slice(SCHEME.length) : address;
    return shimOver({ client, logs, params, options, socket, pid: shimPid });
  } catch (err) {
    client.close();
    throw err;
  }
}

export interface Connection {
  readonly client: TtrpcClient;
  readonly logs: ShimLogs;
  readonly params: ShimParams;
  readonly options: LaunchOptions;
  /** Path of the shim's socket. */
  readonly socket: string;
  readonly pid: number;
}

export function shimOver({ client, logs, params, options, socket, pid }: Connection): Shim {
  void client.closed.then(() => logs.close());
  return {
    tasks: tasksOver({ calls: client.service(ShimDefinition), params, options, socket, pid }),
    pid,
    apiVersion: 1,
    closed: client.closed,
    close: () => client.close(),
  };
}
