import { NotImplementedError } from '../../../errdefs/index.js';
import type { CallOptions } from '../../types.js';
import type { LocalClient } from './client.js';
import { EmbeddedCore } from './core.js';
import type { CoreOptions, LocalClientOptions } from './options.js';

export interface LocalConnectOptions extends CoreOptions, LocalClientOptions {}

/**
 * A client of an embedded core of its own: containers with no containerd. Closing it closes the core; containers go on,
 * and the next client on the same folders finds them. For several namespaces in one process make one `EmbeddedCore`.
 * @throws as `EmbeddedCore.open` and `EmbeddedCore.client`; NotImplementedError on other systems than Linux
 */
export async function connectLocal(options: LocalConnectOptions = {}, call: CallOptions = {}): Promise<LocalClient> {
  if (process.platform !== 'linux') {
    throw new NotImplementedError(`drive shims directly: only on Linux, not on ${process.platform}; use a containerd`, {
      code: 'ERR_CAPABILITY',
    });
  }
  const core = await EmbeddedCore.open(options, call);
  try {
    return core.owner(options);
  } catch (err) {
    await core.close();
    throw err;
  }
}
