import type { MethodName, RequestOf, ResponseOf, ServiceDefinition } from '../method.js';

/** What a handler knows about a call besides the request. */
export interface TtrpcRequestContext {
  /** As sent; a key may have several values. */
  readonly metadata: ReadonlyMap<string, readonly string[]>;
  /** The containerd namespace; empty when the client sent none. */
  readonly namespace: string;
  /** Fires at the client's timeout, at the end of the connection, and when the server is closed. */
  readonly signal: AbortSignal;
}

/** The unary methods that a server answers; what is left out is answered with NotImplemented. */
export type ServiceHandlers<S extends ServiceDefinition> = {
  readonly [M in MethodName<S, false>]?: (
    request: RequestOf<S, M>,
    context: TtrpcRequestContext,
  ) => Promise<ResponseOf<S, M>>;
};
