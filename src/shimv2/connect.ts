import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as afterReads } from 'node:timers/promises';
import {
  CanceledError,
  DataLossError,
  type EngineError,
  isCanceled,
  isDeadlineExceeded,
  isNotImplemented,
  isUnavailable,
  toEngineError,
} from '../errdefs/index.js';
import { GrpcChannel } from '../protocol/grpc/channel.js';
import type { RpcCallOptions } from '../protocol/method.js';
import { TtrpcClient } from '../protocol/ttrpc/index.js';
import { LogPump } from '../shim/log-pump.js';
import type { Shim, ShimParams } from '../shim/shim.js';
import { grpcTasks, type TaskApi, ttrpcTasks } from './client.js';
import { watchSocket } from './lifeline.js';
import { removeEndedSocket, socketFile } from './sockets.js';
import type { SpokenBootstrap } from './start-reply.js';
import { TIMEOUTS, timeLeft } from './timeouts.js';

interface Transport {
  readonly api: TaskApi;
  readonly closed: Promise<EngineError>;
  close(reason: EngineError): void;
}

/**
 * Connects to a shim and has it answer once.
 *
 * @param pump of the shim's log; it lives as long as the connection. It stays open when this fails
 * @throws UnavailableError when nobody listens, or the shim ends at once; DeadlineExceededError when it does not
 * answer; CanceledError
 */
export async function connectShim(
  params: ShimParams,
  bootstrap: SpokenBootstrap,
  pump: LogPump | undefined,
  call: RpcCallOptions = {},
): Promise<Shim> {
  const left = timeLeft(call, TIMEOUTS.connectMs);
  const what = `connect to shim of ${params.id}`;
  let transport: Transport;
  try {
    transport = await open(params, bootstrap, left());
  } catch (err) {
    throw toEngineError(err, what);
  }
  try {
    const pid = await askPid(params, transport.api, left());
    return new ConnectedShim(transport, pid, pump, socketFile(bootstrap.address), params);
  } catch (err) {
    const error = toEngineError(err, what);
    transport.close(error);
    throw error;
  }
}

/** Opens the pump for a shim that runs already: only where its bundle has the FIFO, as one of a group has not. */
export async function reopenLog(params: ShimParams): Promise<LogPump | undefined> {
  const path = join(params.bundle.path, 'log');
  const isThere = await lstat(path).then(
    (stats) => stats.isFIFO(),
    () => false,
  );
  return isThere ? LogPump.open(path, params.log) : undefined;
}

async function open(params: ShimParams, bootstrap: SpokenBootstrap, call: RpcCallOptions): Promise<Transport> {
  const { address, protocol, version } = bootstrap;
  const { namespace } = params;
  if (protocol === 'grpc') return openGrpc(address, namespace);
  const client = await TtrpcClient.connect(dialable(address), { namespace }, call);
  return { api: ttrpcTasks(client, version), closed: client.closed, close: (reason) => client.close(reason) };
}

function openGrpc(address: string, namespace: string): Transport {
  const channel = new GrpcChannel(address, namespace, 'shim');
  const path = socketFile(address) ?? address;
  const lifeline = watchSocket(path);
  return {
    api: grpcTasks(channel),
    closed: lifeline.closed,
    close(reason) {
      channel.close(reason);
      lifeline.close(reason);
    },
  };
}

/** Shims before containerd 1.4 listen at abstract sockets, and print the name alone, which may begin with a slash. */
function dialable(address: string): string {
  return address.includes('://') || /^[@\0]/.test(address) ? address : `@${address}`;
}

/** The first question, by which a shim proves that it is there, and tells the version of its API. */
async function askPid(params: ShimParams, api: TaskApi, call: RpcCallOptions): Promise<number> {
  try {
    return (await api.tasks.connect({ id: params.id }, call)).shimPid;
  } catch (err) {
    if (isUnavailable(err) || isDeadlineExceeded(err) || isCanceled(err)) throw err;
    if (err instanceof DataLossError) throw err;
    // It answers, and does not know the container yet or does not have the method.
    const why = isNotImplemented(err) ? 'shim has no Connect' : 'shim does not know the container yet';
    params.log.debug({ containerId: params.id, err }, why);
    return 0;
  }
}

class ConnectedShim implements Shim {
  readonly pid: number;
  readonly closed: Promise<EngineError>;
  readonly #transport: Transport;

  /** @param file of the socket, where it has one */
  constructor(
    transport: Transport,
    pid: number,
    pump: LogPump | undefined,
    file: string | undefined,
    { id, log }: ShimParams,
  ) {
    const logged = (what: string) => (err: unknown) =>
      log.warn({ containerId: id, err }, `cannot ${what} after the shim`);
    this.#transport = transport;
    this.pid = pid;
    this.closed = transport.closed.then(async (reason) => {
      // Shims of containerd 2 leave the socket of a group behind: they look for one of the container's name.
      if (file !== undefined && isUnavailable(reason)) await removeEndedSocket(file).catch(logged('remove its socket'));
      // What it logged last, such as why it died, arrives with the end of the connection.
      await afterReads();
      await afterReads();
      await pump?.close().catch(logged('close its log'));
      return reason;
    });
  }

  get tasks() {
    return this.#transport.api.tasks;
  }

  get apiVersion(): 2 | 3 {
    return this.#transport.api.version;
  }

  close(): void {
    this.#transport.close(new CanceledError('the connection to the shim is closed', { code: 'ERR_CLIENT_CLOSED' }));
  }
}
