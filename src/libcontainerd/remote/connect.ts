import { connect as dial } from 'node:net';
import {
  type EngineError,
  InvalidArgumentError,
  isCanceled,
  isDeadlineExceeded,
  isNotImplemented,
  isUnavailable,
  PermissionDeniedError,
  toEngineError,
  UnavailableError,
} from '../../errdefs/index.js';
import { defaultLogger, type Logger } from '../../log/logger.js';
import { IntrospectionDefinition } from '../../protocol/gen/containerd/services/introspection.js';
import { VersionDefinition } from '../../protocol/gen/containerd/services/version.js';
import { GrpcChannel } from '../../protocol/grpc/channel.js';
import { isWindowsPipe, socketPath } from '../../protocol/grpc/target.js';
import { withDefault } from '../deadline.js';
import { assertIdentifier } from '../identifiers.js';
import { TIMEOUTS } from '../objects/timeouts.js';
import type { CallOptions, RuntimeOptions } from '../types.js';
import { capabilitiesOf } from './capabilities.js';
import { RemoteClient } from './client.js';

export interface RemoteConnectOptions {
  /** Socket path, `unix://PATH` or Windows named pipe. @default '/run/containerd/containerd.sock' */
  readonly address?: string | undefined;
  /** containerd's tenant: this client sees nothing outside it. @default 'default' */
  readonly namespace?: string | undefined;
  /** Folder for the FIFOs of this namespace; the same again after a restart. @default '/run/libcontainerd/NAMESPACE' */
  readonly stateDir?: string | undefined;
  /** For containers that name none. @default 'io.containerd.runc.v2' */
  readonly runtime?: string | undefined;
  /** For containers that give none. */
  readonly runtimeOptions?: RuntimeOptions | undefined;
  /** @default the logger that `LIBCONTAINERD_LOG` sets up; silent without it */
  readonly logger?: Logger | undefined;
  /** While tasks run they are all listed once in this many milliseconds, in case an event was lost. @default 30 000 */
  readonly sweepIntervalMs?: number | undefined;
  /** How long a vanished task's exit event may still come, in milliseconds, before the exit is unknown. @default 5000 */
  readonly goneGraceMs?: number | undefined;
}

const DEFAULT_ADDRESS =
  process.platform === 'win32' ? '\\\\.\\pipe\\containerd-containerd' : '/run/containerd/containerd.sock';
const DEFAULT_RUNTIME = process.platform === 'win32' ? 'io.containerd.runhcs.v1' : 'io.containerd.runc.v2';
const PEER_TIMEOUT_MS = 500;

/**
 * Connects to a containerd and subscribes to its events. Nothing is left open when it fails.
 * @throws InvalidArgumentError `ERR_ADDRESS_INVALID`, `ERR_NAMESPACE_INVALID`; UnavailableError
 * `ERR_CONTAINERD_UNREACHABLE` when nobody listens, `ERR_NOT_CONTAINERD` when something else does; CanceledError
 */
export async function connectRemote(options: RemoteConnectOptions = {}, call: CallOptions = {}): Promise<RemoteClient> {
  const address = options.address ?? DEFAULT_ADDRESS;
  const namespace = options.namespace ?? 'default';
  assertIdentifier('namespace', namespace);
  const channel = new GrpcChannel(address, namespace);
  let client: RemoteClient | undefined;
  try {
    const bounded = withDefault(call, TIMEOUTS.connect);
    const [, { plugins }] = await Promise.all([
      channel.unary(VersionDefinition, 'version', {}, bounded),
      channel.unary(IntrospectionDefinition, 'plugins', { filters: [] }, bounded),
    ]);
    client = new RemoteClient({
      channel,
      namespace,
      stateDir: absolute(options.stateDir ?? `/run/libcontainerd/${namespace}`),
      defaultRuntime: options.runtime ?? DEFAULT_RUNTIME,
      defaultRuntimeOptions: options.runtimeOptions,
      capabilities: capabilitiesOf(address, plugins),
      log: options.logger ?? defaultLogger(),
      sweepIntervalMs: duration('sweepIntervalMs', options.sweepIntervalMs ?? 30_000),
      goneGraceMs: duration('goneGraceMs', options.goneGraceMs ?? 5_000),
    });
    await client.begin(bounded);
    return client;
  } catch (err) {
    const explained = await explain(channel, toEngineError(err));
    client?.destroy();
    channel.close();
    throw explained;
  }
}

function absolute(stateDir: string): string {
  if (stateDir.startsWith('/') || process.platform === 'win32') return stateDir;
  throw new InvalidArgumentError(`use state folder ${JSON.stringify(stateDir)}: it is not an absolute path`, {
    code: 'ERR_OPTION_INVALID',
  });
}

/** What `setTimeout` takes without turning it into 1. */
const DURATION_MAX_MS = 2 ** 31 - 1;

function duration(name: string, ms: number): number {
  if (Number.isInteger(ms) && ms >= 1 && ms <= DURATION_MAX_MS) return ms;
  throw new InvalidArgumentError(`use ${name} ${ms}: it is no whole number of milliseconds above 0`, {
    code: 'ERR_OPTION_INVALID',
  });
}

/** gRPC says "unavailable" for both an empty address and a wrong peer; what to do about them differs. */
async function explain(channel: GrpcChannel, err: EngineError): Promise<EngineError> {
  const { address } = channel;
  if (isCanceled(err) || !(isUnavailable(err) || isDeadlineExceeded(err) || isNotImplemented(err))) return err;
  const fields = { address };
  const failure = isWindowsPipe(address) ? undefined : await dialFailure(socketPath(address));
  if (failure === 'EACCES' || failure === 'EPERM') {
    return new PermissionDeniedError(`connect to containerd: no right to use ${address}`, { cause: err, fields });
  }
  if (failure !== undefined) {
    return new UnavailableError(`connect to containerd: nobody listens at ${address}`, {
      code: 'ERR_CONTAINERD_UNREACHABLE',
      cause: err,
      fields,
    });
  }
  // A containerd that would have answered in more time is not something else.
  if (isDeadlineExceeded(err) && (await channel.isReady(PEER_TIMEOUT_MS))) return err;
  return new UnavailableError(`connect to containerd: what listens at ${address} does not answer as containerd`, {
    code: 'ERR_NOT_CONTAINERD',
    cause: err,
    fields,
  });
}

/** The code of the error that a plain connection gets; `undefined` when somebody listens. */
function dialFailure(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = dial({ path, timeout: PEER_TIMEOUT_MS });
    const settle = (failure: string | undefined) => {
      socket.destroy();
      resolve(failure);
    };
    socket.once('connect', () => settle(undefined));
    socket.once('timeout', () => settle('ETIMEDOUT'));
    socket.once('error', (err: NodeJS.ErrnoException) => settle(err.code ?? 'unknown'));
  });
}
