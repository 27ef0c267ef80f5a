import { ObservationChannel } from './observations.js';

/** One finished call to a backend, as published on the diagnostics channel `libcontainerd:rpc`. */
export interface RpcObservation {
  /** Which kind of peer: `containerd`, `shim`... */
  readonly backend: string;
  /** Service without its package, and method: `Tasks/Create`. */
  readonly method: string;
  /** 0 is OK; else the gRPC number of the error's class. */
  readonly code: number;
  /** Of a stream: how long it was open. */
  readonly durationMs: number;
  readonly isStream: boolean;
}

export const RPC_CHANNEL = 'libcontainerd:rpc';

export const RPCS = new ObservationChannel<RpcObservation>(RPC_CHANNEL);

/** Counts calls by method. One belongs to each channel; publishes to `RPC_CHANNEL` when somebody listens there. */
export class RpcCounter {
  readonly #backend: string;
  readonly #counts = new Map<string, number>();

  constructor(backend: string) {
    this.#backend = backend;
  }

  /** Counts at the start, so that a call that never ends is seen. Returns what to call with the result code. */
  begin(method: string, { isStream = false }: { readonly isStream?: boolean } = {}): (code: number) => void {
    this.#counts.set(method, (this.#counts.get(method) ?? 0) + 1);
    if (!RPCS.hasSubscribers) return () => {};
    const startedAt = performance.now();
    return (code) => {
      RPCS.publish({ backend: this.#backend, method, code, durationMs: performance.now() - startedAt, isStream });
    };
  }

  /** A copy: calls begun so far by method, streams included. */
  counts(): Map<string, number> {
    return new Map(this.#counts);
  }
}
