import type { Process } from '../../libcontainerd/types.js';
import type { ExecConfig } from '../../oci/config/host-config.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { StreamHub } from '../streams/stream-hub.js';
import type { Settleable } from './settleable.js';

export type ExecStatus = 'created' | 'starting' | 'running' | 'exited';

/** One exec of a container. Lives in memory only: what a restart of the engine finds running ends with its container. */
export interface ManagedExec {
  readonly id: string;
  readonly container: ManagedContainer;
  readonly config: ExecConfig;
  readonly hub: StreamHub;
  status: ExecStatus;
  /** Of the run in which it was started. */
  process: Process | undefined;
  pid: number;
  /** Once it is over: what it ended with, or why it did not start. */
  exitCode: number | undefined;
  /** Resolves when it has started, or will not. */
  readonly started: Settleable<void>;
  /** Resolves when its end is committed; rejects with CanceledError when the engine closes before. */
  readonly ended: Settleable<number>;
}
