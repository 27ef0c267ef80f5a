import { InvalidArgumentError } from '../errdefs/index.js';
import { connectLocal, type LocalConnectOptions } from './local/linux/connect.js';
import { connectRemote, type RemoteConnectOptions } from './remote/connect.js';
import type { CallOptions, Client } from './types.js';

/** Containers with no containerd, on Linux. */
export interface LocalChoice extends LocalConnectOptions {
  readonly backend?: 'local' | undefined;
  readonly address?: undefined;
}

/** A containerd, which an `address` asks for too. */
export interface RemoteChoice extends RemoteConnectOptions {
  readonly backend: 'remote';
}

export interface AddressChoice extends RemoteConnectOptions {
  readonly backend?: 'remote' | undefined;
  readonly address: string;
}

export type ConnectOptions = LocalChoice | RemoteChoice | AddressChoice;

/**
 * Gives a client of the backend that the options name: a containerd when there is an `address` or `backend` is `remote`,
 * else the embedded core, which needs a shim and an OCI runtime on PATH and nothing else. Where there is no embedded core,
 * on other systems than Linux, a containerd at its default address. The only file that knows all backends.
 * @throws as `connectRemote` and `connectLocal`; InvalidArgumentError `ERR_OPTION_INVALID` for another backend
 */
export async function connect(options: ConnectOptions = {}, call: CallOptions = {}): Promise<Client> {
  if (options.address !== undefined || options.backend === 'remote') return connectRemote(options, call);
  if (options.backend !== undefined && options.backend !== 'local') {
    throw new InvalidArgumentError(
      `connect: there is no backend ${JSON.stringify(options.backend)}; local and remote are`,
      {
        code: 'ERR_OPTION_INVALID',
      },
    );
  }
  if (options.backend === undefined && process.platform !== 'linux')
    return connectRemote({ ...remoteOf(options) }, call);
  return connectLocal(options, call);
}

/** What both backends have. */
function remoteOf({ namespace, runtime, runtimeOptions, logger, goneGraceMs }: LocalChoice): RemoteConnectOptions {
  return { namespace, runtime, runtimeOptions, logger, goneGraceMs };
}
