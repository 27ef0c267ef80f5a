import type { LRUCache } from 'lru-cache';
import type PQueue from 'p-queue';
import type { Client } from '../libcontainerd/types.js';
import type { Logger } from '../log/logger.js';
import type { HostFacts } from '../oci/build/host-facts.js';
import type { KernelLog } from '../oom/kernel-log.js';
import type { RuntimeConfig } from '../runtimes/index.js';
import type { VolumeStore } from '../volumes/volume-store.js';
import type { ContainerTable } from './container/container-table.js';
import type { ManagedContainer } from './container/managed-container.js';
import type { WaitResult } from './container/waits.js';
import type { EngineSettings } from './engine-options.js';
import type { EventLog } from './events/event-log.js';
import type { ManagedExec } from './exec/managed-exec.js';
import type { LogKeeper } from './log-keeper/log-keeper.js';
import type { NameRegistry } from './names.js';
import type { RecordStore } from './state/record-store.js';
import type { StatsSampler } from './stats/stats-sampler.js';

/** What the operations on containers share. Made once, by `createEngine`. */
export interface EngineContext {
  readonly settings: EngineSettings;
  readonly client: Client;
  readonly store: RecordStore;
  readonly volumes: VolumeStore;
  readonly events: EventLog;
  readonly names: NameRegistry;
  readonly containers: ContainerTable;
  /** Exit statuses of containers that are removed, for those who ask a little too late. */
  readonly removed: LRUCache<string, WaitResult>;
  /** Execs that run, and for a while those that have run. */
  readonly execs: { readonly live: Map<string, ManagedExec>; readonly finished: LRUCache<string, ManagedExec> };
  /** Bounds the starts that are under way at once. */
  readonly starts: PQueue;
  readonly host: HostFacts;
  readonly kernelLog: KernelLog | undefined;
  readonly stats: StatsSampler;
  /** Writes the logs of containers, where that is not done here. */
  readonly logKeeper: LogKeeper | undefined;
  readonly log: Logger;
  /** Fires when the engine closes: delays and background work end. */
  readonly closing: AbortSignal;
  /** The engine stops its containers, since it ends. */
  isStopping(): boolean;
  /** As configured now; a reload swaps it. */
  runtimes(): RuntimeConfig;
  /** Work that nobody waits for, but `close` does. Its failure is logged. */
  background(what: string, containerId: string, work: () => Promise<void>): void;
  /** What an exit leads to. Here, since the operations stand on the code that commits an exit. */
  readonly actions: {
    /** After the delay of the restart policy. */
    restart(container: ManagedContainer, delayMs: number): void;
    /** What its policy wants running when the engine opens. */
    startAtBoot(container: ManagedContainer): void;
    /** Of a container with `--rm`. */
    remove(container: ManagedContainer): void;
  };
}
