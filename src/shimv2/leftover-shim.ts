import { dirname } from 'node:path';
import type { RpcCallOptions } from '../protocol/method.js';
import type { ShimParams } from '../shim/shim.js';
import { endShim, findShims } from '../shim/shim-process.js';

/**
 * Ends the shim processes that were started for this very container in this very bundle; not those of its group that
 * were started for another one.
 */
export async function endShimsOf({ bundle, eventSocket, address }: ShimParams, call: RpcCallOptions): Promise<void> {
  const folder = dirname(dirname(bundle.path));
  const shims = await findShims({ bundles: folder, addresses: [eventSocket, address] }, call);
  for (const shim of shims) {
    const isOfBundle = shim.cwd === undefined || shim.cwd === bundle.path || shim.cwd === `${bundle.path} (deleted)`;
    if (shim.namespace === bundle.namespace && shim.id === bundle.id && isOfBundle) await endShim(shim, call);
  }
}
