import { type ConnectOptions, connectRemote } from './remote/connect.js';
import type { CallOptions, Client } from './types.js';

/**
 * Gives a client of the backend that the options name; for now always `remote`, a containerd at `address`. The only file
 * that knows all backends.
 * @throws as `connectRemote`
 */
export function connect(options: ConnectOptions = {}, call: CallOptions = {}): Promise<Client> {
  return connectRemote(options, call);
}
