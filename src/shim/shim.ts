import type { EngineError } from '../errdefs/index.js';
import type { Logger } from '../log/logger.js';
import type { TaskDefinition } from '../protocol/gen/containerd/shim/task_v2.js';
import type { Any } from '../protocol/gen/google/protobuf/any.js';
import type { RpcCallOptions, UnaryCalls } from '../protocol/method.js';
import type { Bundle } from './bundle.js';

/**
 * The task service of a shim, whatever it speaks: `containerd.task.v2.Task`, the same messages as v3, or shim API v1
 * behind the same names. Errors are of the class that the shim's status has.
 */
export type ShimTasks = UnaryCalls<TaskDefinition>;

/** What a shim is started, found again and cleaned up with. */
export interface ShimParams {
  readonly namespace: string;
  /** The container's id. */
  readonly id: string;
  readonly bundle: Bundle;
  /** Absolute path of the shim's program. */
  readonly binary: string;
  /** Options of the OCI runtime, which the shim reads at its start (v2) or gets as flags (v1). */
  readonly options: Any | undefined;
  /** Path of the socket of our event server (`TTRPC_ADDRESS`). */
  readonly eventSocket: string;
  /** Stands for containerd's gRPC address: only an ingredient of the name of the shim's socket. */
  readonly address: string;
  /** A program that understands containerd's `publish` command. */
  readonly publisher: string;
  readonly debug: boolean;
  readonly log: Logger;
}

/** A connection to a living shim. Several may lead to one shim process. */
export interface Shim {
  readonly tasks: ShimTasks;
  /** The shim's own pid; 0 when it does not say. */
  readonly pid: number;
  readonly apiVersion: 1 | 2 | 3;
  /** Settles with the reason when the connection has ended, by `close` or by the shim's death. Never rejects. */
  readonly closed: Promise<EngineError>;
  /** Ends the connection, not the shim. Idempotent. */
  close(): void;
}

/** How a task ended whose shim is dead. */
export interface DeadTask {
  /** 0 when nobody knows. */
  readonly pid: number;
  readonly exitStatus: number;
  readonly exitedAt: Date;
}

export interface StartCall extends RpcCallOptions {
  /**
   * For a caller that has something to do meanwhile: gets the promise of what is noted in the bundle about the shim, by
   * which it is found again. Then `start` does not wait for it, where the generation can.
   */
  readonly onNoting?: ((noted: Promise<void>) => void) | undefined;
}

/** One generation of shims. Both have these, in files of the same names. */
export interface ShimDialect {
  /** Starts a shim in the bundle and connects to it. Nothing is left of it when this fails. */
  start(params: ShimParams, call?: StartCall): Promise<Shim>;
  /**
   * Connects to the shim that the bundle names, after a restart of ours.
   * @throws UnavailableError when it is dead: then `cleanup`; DeadlineExceededError when it does not answer
   */
  connect(params: ShimParams, call?: RpcCallOptions): Promise<Shim>;
  /**
   * For a dead shim: ends what still runs of the container, unmounts its rootfs, removes the shim's socket. The bundle
   * stays. Safe to repeat.
   */
  cleanup(params: ShimParams, call?: RpcCallOptions): Promise<DeadTask>;
}
