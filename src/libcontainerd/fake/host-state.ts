import { ConflictError, FailedPreconditionError, NotFoundError } from '../../errdefs/index.js';
import type { OciSpec } from '../../oci/runtime-spec.js';
import type { Capabilities } from '../types.js';
import type { HostEvent } from './host-event.js';
import type { HostProcess } from './host-process.js';
import { execNotFound, HostTask, taskNotFound } from './host-task.js';
import type { ProcessPipes } from './process-pipes.js';
import type { FakePrograms } from './program.js';

export interface ContainerRecord {
  readonly id: string;
  readonly runtime: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: OciSpec;
}

interface HostContainer {
  readonly record: ContainerRecord;
  task: HostTask | undefined;
}

export interface HostStateOptions {
  readonly capabilities: Capabilities;
  readonly programs: FakePrograms;
  readonly now: () => Date;
  readonly losesEvents: () => boolean;
}

/** When something was seen: the clock, which may stand still or step back, and the last event before, which cannot. */
export interface Moment {
  readonly now: Date;
  readonly sequence: number;
}

export type HostListener = (event: HostEvent) => void;

/** Above the highest that a kernel gives (PID_MAX_LIMIT): who signals one by mistake meets no process of the host. */
const FIRST_PID = 4_194_305;

/** Containers and tasks by namespace, and who listens to their events. */
export class HostState {
  readonly capabilities: Capabilities;
  readonly now: () => Date;
  readonly #options: HostStateOptions;
  readonly #namespaces = new Map<string, Map<string, HostContainer>>();
  readonly #listeners = new Map<string, Set<HostListener>>();
  #lastPid = FIRST_PID - 1;
  #lastEvent = 0;

  constructor(options: HostStateOptions) {
    this.#options = options;
    this.capabilities = options.capabilities;
    this.now = options.now;
  }

  moment(): Moment {
    return { now: this.now(), sequence: this.#lastEvent };
  }

  /** Returns how to stop listening. Events come in order, after the call that caused them. */
  listen(namespace: string, listener: HostListener): () => void {
    const listeners = this.#listeners.get(namespace) ?? new Set();
    this.#listeners.set(namespace, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  createContainer(namespace: string, record: ContainerRecord): void {
    const containers = this.#containers(namespace);
    if (containers.has(record.id)) {
      throw new ConflictError(`create container ${record.id}: the id is already in use`, {
        code: 'ERR_CONTAINER_EXISTS',
        fields: { containerId: record.id },
      });
    }
    containers.set(record.id, { record: structuredClone(record), task: undefined });
  }

  record(namespace: string, id: string): ContainerRecord {
    return structuredClone(this.#container(namespace, id).record);
  }

  /** Every container with its task. */
  list(namespace: string): { record: ContainerRecord; task: HostTask | undefined }[] {
    const containers = [...this.#containers(namespace).values()];
    return containers.map(({ record, task }) => ({ record: structuredClone(record), task }));
  }

  deleteContainer(namespace: string, id: string): void {
    if (this.#container(namespace, id).task !== undefined) {
      throw new FailedPreconditionError(`delete container ${id}: it has a task`, { fields: { containerId: id } });
    }
    this.#containers(namespace).delete(id);
  }

  createTask(namespace: string, id: string, pipes: ProcessPipes, restoredFrom: string | undefined): HostTask {
    const container = this.#container(namespace, id);
    if (container.task !== undefined) {
      throw new ConflictError(`create task of ${id}: it has one already`, {
        code: 'ERR_TASK_EXISTS',
        fields: { containerId: id },
      });
    }
    const { process, linux } = container.record.spec;
    const { programs, now } = this.#options;
    container.task = new HostTask({
      containerId: id,
      process: process ?? { cwd: '/' },
      pipes,
      resources: linux?.resources ?? {},
      restoredFrom,
      programs,
      now,
      nextPid: () => ++this.#lastPid,
      publish: (type, { id: processId, pid }, exit) => {
        const event = { type, containerId: id, processId, pid, timestamp: now(), sequence: ++this.#lastEvent };
        this.#publish(namespace, exit === undefined ? event : { ...event, exit });
      },
    });
    return container.task;
  }

  /** @throws NotFoundError `ERR_TASK_NOT_FOUND` */
  task(namespace: string, id: string): HostTask {
    const task = this.#containers(namespace).get(id)?.task;
    if (task === undefined) throw taskNotFound(id);
    return task;
  }

  process(task: HostTask, id: string): HostProcess {
    const process = id === task.containerId ? task.init : task.execs.get(id);
    if (process === undefined) throw execNotFound(task.containerId, id);
    return process;
  }

  removeTask(namespace: string, task: HostTask): void {
    task.removed = true;
    task.init.pipes.fifos?.remove();
    const container = this.#containers(namespace).get(task.containerId);
    if (container?.task === task) container.task = undefined;
  }

  vanish(namespace: string, id: string): void {
    const task = this.task(namespace, id);
    task.vanish();
    this.removeTask(namespace, task);
  }

  #container(namespace: string, id: string): HostContainer {
    const container = this.#containers(namespace).get(id);
    if (container !== undefined) return container;
    throw new NotFoundError(`find container ${id}: there is none in namespace ${namespace}`, {
      code: 'ERR_CONTAINER_NOT_FOUND',
      fields: { containerId: id },
    });
  }

  #containers(namespace: string): Map<string, HostContainer> {
    const containers = this.#namespaces.get(namespace) ?? new Map<string, HostContainer>();
    this.#namespaces.set(namespace, containers);
    return containers;
  }

  #publish(namespace: string, event: HostEvent): void {
    if (this.#options.losesEvents()) return;
    for (const listener of this.#listeners.get(namespace) ?? []) queueMicrotask(() => listener(event));
  }
}
