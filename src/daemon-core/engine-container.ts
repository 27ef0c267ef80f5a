import type { CallOptions, Container, Process, Task } from '../libcontainerd/types.js';
import type { ExecConfig } from '../oci/config/host-config.js';
import type { ContainerStats } from '../stats/container-stats.js';
import type { ManagedContainer } from './container/managed-container.js';
import type { WaitCondition, WaitResult } from './container/waits.js';
import type { EngineContext } from './engine-context.js';
import { EngineExec } from './engine-exec.js';
import { createExec } from './exec/exec.js';
import type { LogEntry, ReadLogsOptions } from './logs/log-driver.js';
import { attachContainer } from './operations/attach.js';
import {
  type CheckpointCreateOptions,
  createCheckpoint,
  deleteCheckpoint,
  listCheckpoints,
} from './operations/checkpoint.js';
import { type ContainerInspect, inspectContainer } from './operations/inspect.js';
import { killContainer } from './operations/kill.js';
import { readLogs } from './operations/logs.js';
import { pauseContainer, unpauseContainer } from './operations/pause.js';
import { type RemoveOptions, removeContainer } from './operations/remove.js';
import { renameContainer } from './operations/rename.js';
import { resizeContainer } from './operations/resize.js';
import { type StartOptions, startContainer } from './operations/start.js';
import { type StatsOptions, statsOfContainer } from './operations/stats.js';
import { restartContainer, type StopOptions, stopContainer } from './operations/stop.js';
import { topContainer } from './operations/top.js';
import { type ContainerUpdate, updateContainer } from './operations/update.js';
import { waitContainer } from './operations/wait.js';
import type { ContainerRecord } from './state/record.js';
import type { Attachment, AttachOptions } from './streams/stream-hub.js';
import type { ProcessTable } from './top/process-table.js';

/**
 * One container of an engine. The methods are Docker's operations, with its rules and its words; what each throws is said
 * where it is made, in `operations/`. Changes of one container are serial, those of different ones go side by side.
 */
export class EngineContainer {
  readonly #engine: EngineContext;
  readonly #managed: ManagedContainer;

  /** @internal */
  constructor(engine: EngineContext, managed: ManagedContainer) {
    this.#engine = engine;
    this.#managed = managed;
  }

  get id(): string {
    return this.#managed.id;
  }

  /** Without a slash. */
  get name(): string {
    return this.#managed.record.name;
  }

  /** All that is kept of it, as it holds now. */
  get record(): ContainerRecord {
    return this.#managed.record;
  }

  /** The seam's objects of the run there is; `undefined` while nothing runs. Their life is the engine's business. */
  get container(): Container | undefined {
    return this.#managed.run?.container;
  }

  get task(): Task | undefined {
    return this.#managed.run?.task;
  }

  /** The seam's process of an exec that runs. */
  process(execId: string): Process | undefined {
    return this.#managed.execs.has(execId) ? this.#engine.execs.live.get(execId)?.process : undefined;
  }

  /** Docker's JSON of it. */
  inspect(): ContainerInspect {
    return inspectContainer(this.#engine, this.#managed);
  }

  /** @throws NotModifiedError when it runs */
  start(options: StartOptions = {}, call: CallOptions = {}): Promise<void> {
    return startContainer(this.#engine, this.#managed, options, call);
  }

  /** @throws NotModifiedError when it does not run */
  stop(options: StopOptions = {}, call: CallOptions = {}): Promise<void> {
    return stopContainer(this.#engine, this.#managed, options, call);
  }

  /** @param signal @default SIGKILL */
  kill(signal?: number | string, call: CallOptions = {}): Promise<void> {
    return killContainer(this.#engine, this.#managed, signal, call);
  }

  /** With `call` the caller may go before it is done; the restart goes on. */
  restart(options: StopOptions = {}, call: CallOptions = {}): Promise<void> {
    return restartContainer(this.#engine, this.#managed, options, call);
  }

  pause(call: CallOptions = {}): Promise<void> {
    return pauseContainer(this.#engine, this.#managed, call);
  }

  unpause(call: CallOptions = {}): Promise<void> {
    return unpauseContainer(this.#engine, this.#managed, call);
  }

  /** Entered before it returns: call it before `start`, and no exit is missed. Without `timeoutMs` it waits for ever. */
  wait(condition?: WaitCondition, call: CallOptions = {}): Promise<WaitResult> {
    return waitContainer(this.#managed, condition, call);
  }

  rename(name: string, call: CallOptions = {}): Promise<void> {
    return renameContainer(this.#engine, this.#managed, name, call);
  }

  /** @returns warnings */
  update(update: ContainerUpdate, call: CallOptions = {}): Promise<string[]> {
    return updateContainer(this.#engine, this.#managed, update, call);
  }

  remove(options: RemoveOptions = {}, call: CallOptions = {}): Promise<void> {
    return removeContainer(this.#engine, this.#managed, options, call);
  }

  /** @param psArgs @default '-ef' */
  top(psArgs?: string, call: CallOptions = {}): Promise<ProcessTable> {
    return topContainer(this.#engine, this.#managed, psArgs, call);
  }

  /** A process to be started in it. */
  exec(config: ExecConfig): EngineExec {
    return new EngineExec(this.#engine, createExec(this.#engine, this.#managed, config));
  }

  attach(options: AttachOptions): Attachment {
    return attachContainer(this.#engine, this.#managed, options);
  }

  resize(size: { readonly height: number; readonly width: number }, call: CallOptions = {}): Promise<void> {
    return resizeContainer(this.#engine, this.#managed, size, call);
  }

  logs(options: ReadLogsOptions = {}): AsyncIterable<LogEntry> {
    return readLogs(this.#managed, options);
  }

  /** Docker's statistics: one sample a second, or one. Each iteration is a subscription of its own; see `statsOfContainer`. */
  stats(options: StatsOptions = {}, call: CallOptions = {}): AsyncIterable<ContainerStats> {
    return statsOfContainer(this.#engine, this.#managed, options, call);
  }

  checkpoint(options: CheckpointCreateOptions, call: CallOptions = {}): Promise<void> {
    return createCheckpoint(this.#engine, this.#managed, options, call);
  }

  checkpoints(dir?: string): Promise<{ Name: string }[]> {
    return listCheckpoints(this.#engine, this.#managed, dir);
  }

  deleteCheckpoint(name: string, dir?: string): Promise<void> {
    return deleteCheckpoint(this.#engine, this.#managed, name, dir);
  }
}
