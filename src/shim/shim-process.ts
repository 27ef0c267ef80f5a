import type { RpcCallOptions } from '../protocol/method.js';

export interface ShimProcess {
  readonly pid: number;
  /** Clock ticks since boot; with the pid it names the process for good. */
  readonly startTime: number;
  readonly namespace: string;
  /** Of the container that the shim was started for. */
  readonly id: string;
  /** `undefined` when it cannot be read. */
  readonly cwd: string | undefined;
}

export interface ShimQuery {
  /** The folder of the bundles. */
  readonly bundles: string;
  /** Our event socket and our `-address`, as passed to shims. */
  readonly addresses?: readonly string[] | undefined;
}

export declare function findShims(query: ShimQuery, call?: RpcCallOptions): Promise<ShimProcess[]>;
/** SIGKILL, and waits for the end. Nothing happens when the pid is somebody else's by now. */
export declare function endShim(shim: Pick<ShimProcess, 'pid' | 'startTime'>, call?: RpcCallOptions): Promise<void>;
