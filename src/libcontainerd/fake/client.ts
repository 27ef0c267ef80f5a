import { NotImplementedError, toEngineError } from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import type { Metrics } from '../../stats/metrics.js';
import { assertRunnableSpec } from '../check-spec.js';
import type { ContainerEvent, EventHandler, EventsOptions, Subscription } from '../event.js';
import { EventDispatch } from '../event-dispatch.js';
import { assertIdentifier } from '../identifiers.js';
import { RunTable } from '../run-table.js';
import { assertRuntimeName } from '../runtime-name.js';
import type {
  AttachStdio,
  CallOptions,
  Capabilities,
  Container,
  ExternalStdio,
  NewContainerOptions,
  RestoredContainer,
  RestoreOptions,
  VersionInfo,
} from '../types.js';
import { FakeContainer } from './container.js';
import { FakeContext } from './context.js';
import type { FakeClient, FakeHost } from './controls.js';
import type { Faults } from './faults.js';
import { factOfEvent, type HostEvent } from './host-event.js';
import type { HostState } from './host-state.js';
import type { HostTask } from './host-task.js';
import { sampleOf } from './metrics.js';

export interface FakeClientOptions {
  readonly host: FakeHost;
  readonly state: HostState;
  readonly faults: Faults;
  readonly namespace: string;
  readonly defaultRuntime: string;
  readonly log: Logger;
}

const RUNTIME_V1 = 'io.containerd.runtime.v1.linux';

export class InMemoryClient implements FakeClient {
  readonly host: FakeHost;
  readonly namespace: string;
  readonly closed: Promise<void>;
  readonly #context: FakeContext;
  readonly #dispatch: EventDispatch;
  readonly #defaultRuntime: string;
  readonly #stopListening: () => void;
  #resolveClosed: () => void = () => {};
  #closing: Promise<void> | undefined;

  constructor(options: FakeClientOptions) {
    const { state, namespace } = options;
    this.host = options.host;
    this.namespace = namespace;
    this.#defaultRuntime = options.defaultRuntime;
    this.#dispatch = new EventDispatch(options.log);
    const table = new RunTable((event) => this.#dispatch.publish(event));
    this.#context = new FakeContext({ state, namespace, faults: options.faults, table });
    this.#stopListening = state.listen(namespace, (event) => this.#take(event));
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  get capabilities(): Capabilities {
    return this.#context.state.capabilities;
  }

  version(call: CallOptions = {}): Promise<VersionInfo> {
    const version = { name: 'fake', version: '1.0.0', revision: '' };
    return this.#context.ask('Version/Version', 'ask for the version', call, () => version);
  }

  async newContainer(id: string, options: NewContainerOptions, call: CallOptions = {}): Promise<Container> {
    assertIdentifier('container', id);
    assertRunnableSpec(options.spec);
    const { spec, runtime = this.#defaultRuntime } = options;
    assertRuntimeName(runtime);
    const what = `create container ${id}`;
    if (runtime === RUNTIME_V1 && !this.capabilities.runtimeV1) {
      throw new NotImplementedError(`${what}: the backend does not support runtime ${runtime}`, {
        code: 'ERR_RUNTIME_UNSUPPORTED',
        fields: { containerId: id, runtime },
      });
    }
    // As containerd does: there is no label with an empty value.
    const labels = Object.fromEntries(Object.entries(options.labels ?? {}).filter(([, value]) => value !== ''));
    const record = structuredClone({ id, runtime, labels, spec });
    return this.#context.ask('Containers/Create', what, call, () => {
      this.#context.state.createContainer(this.namespace, record);
      return new FakeContainer(this.#context, record);
    });
  }

  async loadContainer(id: string, call: CallOptions = {}): Promise<Container> {
    assertIdentifier('container', id);
    return this.#context.ask('Containers/Get', `load container ${id}`, call, () => {
      return new FakeContainer(this.#context, this.#context.state.record(this.namespace, id));
    });
  }

  containers(call: CallOptions = {}): Promise<Container[]> {
    return this.#context.ask('Containers/ListStream', 'list containers', call, () => {
      return this.#context.state.list(this.namespace).map(({ record }) => new FakeContainer(this.#context, record));
    });
  }

  async restore(options: RestoreOptions = {}): Promise<RestoredContainer[]> {
    const what = 'restore containers';
    if (options.attach !== undefined) this.#context.assertCapable(what, 'liveAttach');
    const listed = await this.#context.ask('Containers/ListStream', what, options, () => {
      return this.#context.state.list(this.namespace);
    });
    await this.#context.ask('Tasks/List', what, options, () => {});
    const restoring = listed.map(({ record, task }) => {
      const container = new FakeContainer(this.#context, record);
      return restoreOne(container, task, options.attach?.(container));
    });
    return this.#context.untilEnd(what, Promise.all(restoring), options);
  }

  stats(ids?: readonly string[], call: CallOptions = {}): Promise<Map<string, Metrics>> {
    return this.#context.ask('Tasks/Metrics', 'sample containers', call, () => {
      const { metrics } = this.capabilities;
      if (metrics === 'none') {
        throw new NotImplementedError('sample containers: the backend reports none', { code: 'ERR_CAPABILITY' });
      }
      const samples = new Map<string, Metrics>();
      for (const { record, task } of this.#context.state.list(this.namespace)) {
        if (task === undefined || task.init.status !== 'running') continue;
        if (ids !== undefined && !ids.includes(record.id)) continue;
        const sample = sampleOf(task, metrics, this.#context.state.now());
        if (sample !== undefined) samples.set(record.id, sample);
      }
      return samples;
    });
  }

  subscribe(handler: EventHandler, options: EventsOptions = {}): Subscription {
    return this.#dispatch.subscribe(handler, options);
  }

  events(
    options: EventsOptions & { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<ContainerEvent> {
    return this.#dispatch.events(options);
  }

  async resync(): Promise<void> {
    try {
      await this.#context.ask('Tasks/List', 'list tasks', {}, () => this.#learnAll());
    } catch {
      // Whoever brings the connection back comes here again.
      return;
    }
    this.#dispatch.gap();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  destroy(reason?: Error): void {
    this.#end(reason);
    this.#dispatch.destroy();
    this.#resolveClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#end(undefined);
    await this.#dispatch.close();
    this.#resolveClosed();
  }

  #end(reason: Error | undefined): void {
    this.#stopListening();
    this.#context.end(reason);
    for (const run of this.#context.table.runs()) this.#context.runs.get(run)?.closeAllStdio();
  }

  #take(event: HostEvent): void {
    if (this.#context.ended) return;
    const { containerId, processId, pid, timestamp, exit } = event;
    const { table } = this.#context;
    if (table.isKnown(containerId)) {
      const fact = factOfEvent(event);
      if (fact !== undefined) table.apply(containerId, fact, { timestamp, synthesized: false });
      // Create and exec-added are announced when our call is answered; a checkpoint changes no state.
      if (event.type !== 'checkpointed') return;
    }
    const run = table.get(containerId);
    const fields = { containerId, processId, pid, timestamp, run: run?.generation, synthesized: false };
    if (event.type !== 'exit') this.#dispatch.publish({ ...fields, type: event.type });
    else if (exit !== undefined) this.#dispatch.publish({ ...fields, type: 'exit', exit });
  }

  #learnAll(): void {
    const { table, state, runs } = this.#context;
    for (const run of table.runs()) {
      const link = runs.get(run);
      if (link === undefined) continue;
      if (link.task.removed) {
        this.#context.concludeUnknown(run);
        continue;
      }
      for (const execId of run.unfinished().filter((id) => id !== run.containerId)) {
        const exec = link.task.execs.get(execId);
        if (exec === undefined) table.concludeUnknown(run, [execId]);
        else link.learn(exec, state.moment());
      }
      link.learn(link.task.init, state.moment());
    }
  }
}

async function restoreOne(
  container: FakeContainer,
  task: HostTask | undefined,
  attach: AttachStdio | ExternalStdio | undefined,
): Promise<RestoredContainer> {
  if (task === undefined || task.removed) return { container, task: undefined };
  try {
    return {
      container,
      task: attach === undefined ? container.adopt(task) : await container.adoptAttached(task, attach),
    };
  } catch (err) {
    return { container, task: undefined, error: toEngineError(err) };
  }
}
