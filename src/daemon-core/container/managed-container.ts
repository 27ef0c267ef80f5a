import type { Container, Task } from '../../libcontainerd/types.js';
import type { ProcessIdentity } from '../../platform/process-identity.js';
import type { HealthMonitor } from '../health/health-monitor.js';
import type { ContainerLog } from '../logs/log-driver.js';
import type { RunOom } from '../oom/run-oom.js';
import type { RestartManager } from '../restart/restart-policy.js';
import { type StateChange, transition } from '../state/container-state.js';
import type { ContainerRecord } from '../state/record.js';
import type { RecordStore } from '../state/record-store.js';
import type { StreamHub } from '../streams/stream-hub.js';
import { Lock } from './lock.js';
import type { Waits } from './waits.js';

/** What there is while a container runs. Another run has another object, by which late news of the old one is known. */
export interface CurrentRun {
  readonly number: number;
  readonly container: Container;
  readonly task: Task;
  readonly oom: RunOom;
  /** Of its init process, for a signal when the backend fails to deliver one. */
  readonly identity: ProcessIdentity | undefined;
  /** Events of this run may have been missed. */
  hadGap: boolean;
}

export interface ManagedParts {
  readonly store: RecordStore;
  readonly logs: ContainerLog;
  readonly hub: StreamHub;
  readonly restart: RestartManager;
  readonly waits: Waits;
}

/**
 * One container of an engine: its record, and what belongs to it while this process lives. Knows no operation; those are
 * functions in `operations/`, and change it under its lock.
 */
export class ManagedContainer {
  readonly lock = new Lock();
  readonly waits: Waits;
  readonly hub: StreamHub;
  readonly logs: ContainerLog;
  readonly restart: RestartManager;
  /** Ids of its execs that are not over. */
  readonly execs = new Set<string>();
  run: CurrentRun | undefined;
  health: HealthMonitor | undefined;
  /** Set while the backend could not tell after a restart of the engine whether the container lives. */
  uncertain: Error | undefined;
  /** Restarts by hand that are under way: their stop must not remove a container of `--rm`. */
  restartsByHand = 0;
  isRemoving = false;
  /** It is removed; who still has this object finds nothing. */
  isGone = false;
  readonly #store: RecordStore;
  #record: ContainerRecord;
  #lastRun = 0;

  constructor(record: ContainerRecord, parts: ManagedParts) {
    this.#record = record;
    this.#store = parts.store;
    this.logs = parts.logs;
    this.hub = parts.hub;
    this.restart = parts.restart;
    this.waits = parts.waits;
  }

  get id(): string {
    return this.#record.id;
  }

  get record(): ContainerRecord {
    return this.#record;
  }

  get state(): ContainerRecord['state'] {
    return this.#record.state;
  }

  /** True while a process of it lives or may: running or paused. */
  get isAlive(): boolean {
    return this.state.status === 'running' || this.state.status === 'paused';
  }

  /** The only way to another state. @throws as `transition` */
  change(change: StateChange): void {
    this.#record = { ...this.#record, state: transition(this.#record.state, change) };
  }

  /** Changes anything but the state. */
  amend(part: Partial<Omit<ContainerRecord, 'id' | 'version' | 'state'>>): void {
    this.#record = { ...this.#record, ...part };
  }

  /** A number that no run has had, nor a start that failed. */
  nextRun(): number {
    this.#lastRun = Math.max(this.#lastRun, this.state.run) + 1;
    return this.#lastRun;
  }

  /** Writes what holds now. @throws ResourceExhaustedError when the disk is full; what was there before is still whole */
  async save(): Promise<void> {
    await this.#store.save(this.#record);
  }
}
