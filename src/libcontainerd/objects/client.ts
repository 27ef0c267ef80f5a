import {
  CanceledError,
  ConflictError,
  type EngineError,
  isAlreadyExists,
  isNotFound,
  NotFoundError,
  toEngineError,
} from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import type { Envelope } from '../../protocol/gen/containerd/types/types.js';
import type { Metrics } from '../../stats/metrics.js';
import { assertRunnableSpec } from '../check-spec.js';
import { withinCall } from '../deadline.js';
import type { ContainerEvent, EventHandler, EventsOptions, Subscription } from '../event.js';
import { EventDispatch } from '../event-dispatch.js';
import { assertIdentifier } from '../identifiers.js';
import type { Run } from '../run.js';
import { RunTable } from '../run-table.js';
import { assertRuntimeName } from '../runtime-name.js';
import type {
  CallOptions,
  Capabilities,
  Client,
  Container,
  NewContainerOptions,
  RestoredContainer,
  RestoreOptions,
  RuntimeOptions,
  VersionInfo,
} from '../types.js';
import { bundleDirOf } from './bundle-dir.js';
import { Cleanups } from './cleanups.js';
import { ContainerObject } from './container.js';
import { Lifetime, type ObjectContext, StdioRegistry } from './context.js';
import type { TaskEvent } from './event-facts.js';
import { receiveEnvelope, receiveTaskEvent } from './event-receiver.js';
import { restoreAll } from './restore.js';
import { Resync } from './resync.js';
import { sampleMany } from './stats.js';
import type { ContainerStore, TaskService } from './task-service.js';
import { TIMEOUTS } from './timeouts.js';

export interface ObjectClientOptions {
  readonly namespace: string;
  /** Holds one folder a container, for its FIFOs. */
  readonly stateDir: string;
  readonly defaultRuntime: string;
  readonly defaultRuntimeOptions: RuntimeOptions | undefined;
  readonly capabilities: Capabilities;
  readonly log: Logger;
  readonly goneGraceMs: number;
}

/** The services that a backend puts under the objects, and what the objects ask of it beside. */
export interface ObjectServices {
  readonly tasks: TaskService;
  readonly containers: ContainerStore;
  readonly assertUsable: ObjectContext['assertUsable'];
  readonly shimTypeOf: ObjectContext['shimTypeOf'];
  readonly isConnected: ObjectContext['isConnected'];
  readonly holdOutput?: ObjectContext['holdOutput'];
}

/**
 * The seam over a `TaskService` and a `ContainerStore`, in one namespace. A backend gives both, feeds events, and says
 * how it ends.
 */
export abstract class ObjectClient implements Client {
  readonly namespace: string;
  readonly capabilities: Capabilities;
  readonly closed: Promise<void>;
  protected readonly context: ObjectContext;
  protected readonly resync: Resync;
  readonly #dispatch: EventDispatch;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #onClosed: () => void = () => {};

  protected constructor(options: ObjectClientOptions, services: ObjectServices) {
    const { namespace, log } = options;
    this.namespace = namespace;
    this.capabilities = options.capabilities;
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
    this.#dispatch = new EventDispatch(log);
    this.context = {
      ...services,
      namespace,
      stateDir: options.stateDir,
      defaultRuntime: options.defaultRuntime,
      defaultRuntimeOptions: options.defaultRuntimeOptions,
      capabilities: options.capabilities,
      table: new RunTable((event) => this.#dispatch.publish(event)),
      log,
      stdio: new StdioRegistry(),
      slowTasks: new Map(),
      unreadableMetrics: new Set(),
      cleanups: new Cleanups(),
      execStarts: new WeakMap(),
      lifetime: new Lifetime(),
      verify: (run: Run) => void this.resync.run(run),
      verifyLater: (run: Run) => this.resync.later(run),
    };
    this.resync = new Resync(this.context, { goneGraceMs: options.goneGraceMs });
  }

  abstract version(call?: CallOptions): Promise<VersionInfo>;

  /** No event is delivered to `receive` any more once it settles. Idempotent. */
  protected abstract stopEvents(): Promise<void>;
  /** Calls under way and later ones fail with the reason. */
  protected abstract disconnect(reason: EngineError): void;
  /** The last step of the end; `closed` waits for it. */
  protected async released(): Promise<void> {}
  /** Ends timers, as soon as closing begins. */
  protected abstract stopTimers(): void;

  protected get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** One event of the backend, as containerd sends it. Never throws. */
  protected receiveEnvelope(envelope: Envelope): void {
    receiveEnvelope(envelope, this.context, this.#dispatch);
  }

  /** One event of the backend. */
  protected receiveTask(event: TaskEvent): void {
    receiveTaskEvent(event, this.context, this.#dispatch);
  }

  /** Events may have been lost. Never throws. */
  protected eventsLost(): void {
    this.#dispatch.gap();
  }

  async newContainer(id: string, options: NewContainerOptions, call: CallOptions = {}): Promise<Container> {
    assertIdentifier('container', id);
    assertRunnableSpec(options.spec);
    const runtime = options.runtime ?? this.context.defaultRuntime;
    assertRuntimeName(this.context.shimTypeOf(runtime));
    const container = {
      id,
      runtime,
      labels: withoutEmpty(options.labels),
      spec: options.spec,
      runtimeOptions: options.runtimeOptions ?? this.context.defaultRuntimeOptions,
      bundleDir: await bundleDirOf(this.context.stateDir, id, options.spec),
      isOurs: true,
    };
    try {
      return new ContainerObject(this.context, await this.context.containers.create(container, call));
    } catch (err) {
      if (!isAlreadyExists(err)) throw err;
      throw new ConflictError(`create container ${id}: the id is already in use`, {
        code: 'ERR_CONTAINER_EXISTS',
        cause: err,
        fields: { containerId: id },
      });
    }
  }

  async loadContainer(id: string, call: CallOptions = {}): Promise<Container> {
    assertIdentifier('container', id);
    try {
      return new ContainerObject(this.context, await this.context.containers.get(id, call));
    } catch (err) {
      if (!isNotFound(err)) throw err;
      throw new NotFoundError(`load container ${id}: no such container`, {
        code: 'ERR_CONTAINER_NOT_FOUND',
        cause: err,
        fields: { containerId: id },
      });
    }
  }

  async containers(call: CallOptions = {}): Promise<Container[]> {
    const all = await this.context.containers.list(call);
    return all.map((container) => new ContainerObject(this.context, container));
  }

  async restore(options: RestoreOptions = {}): Promise<RestoredContainer[]> {
    const collection = this.context.table.collect();
    try {
      return await restoreAll(this.context, () => this.containers(options), options);
    } finally {
      collection.stop();
    }
  }

  stats(ids?: readonly string[], call: CallOptions = {}): Promise<Map<string, Metrics>> {
    return sampleMany(this.context, ids, call);
  }

  subscribe(handler: EventHandler, options?: EventsOptions): Subscription {
    return this.#dispatch.subscribe(handler, options);
  }

  events(
    options?: EventsOptions & { readonly signal?: AbortSignal | undefined },
  ): AsyncIterableIterator<ContainerEvent> {
    return this.#dispatch.events(options);
  }

  async close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing';
      this.stopTimers();
      // A `destroy` meanwhile ends this too.
      await Promise.race([this.#closeGracefully(), this.closed]);
    }
    await this.closed;
  }

  async #closeGracefully(): Promise<void> {
    const reason = new CanceledError('the client was closed', { code: 'ERR_CLIENT_CLOSED' });
    await this.stopEvents();
    // First those who wait: a handler may be one of them, and the last events are delivered below.
    this.context.lifetime.end(reason);
    const last = Promise.all([this.#dispatch.close(), this.context.cleanups.all()]);
    try {
      await withinCall('deliver the last events and finish clean-ups', last, { timeoutMs: TIMEOUTS.close });
    } catch (err) {
      this.context.log.warn({ err, namespace: this.namespace }, 'close the client');
      this.#dispatch.destroy();
    }
    await this.#end(reason);
  }

  destroy(reason?: Error): void {
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    this.stopTimers();
    this.#dispatch.destroy();
    void this.stopEvents();
    const cause = reason === undefined ? undefined : toEngineError(reason);
    void this.#end(new CanceledError('the client was destroyed', { code: 'ERR_CLIENT_CLOSED', cause }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #end(reason: EngineError): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.resync.close();
    this.context.lifetime.end(reason);
    this.disconnect(reason);
    try {
      await this.context.stdio.detachAll();
      await this.released();
    } catch (err) {
      this.context.log.warn({ err, namespace: this.namespace }, 'end the client');
    }
    this.#onClosed();
  }
}

/** containerd keeps no label with an empty value; the object must not claim what a load would not show. */
function withoutEmpty(labels: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}
