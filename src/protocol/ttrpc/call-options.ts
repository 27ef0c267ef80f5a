import type { RpcCallOptions } from '../method.js';

export interface TtrpcCallOptions extends RpcCallOptions {
  /** In place of the client's; empty for none. */
  readonly namespace?: string | undefined;
}
