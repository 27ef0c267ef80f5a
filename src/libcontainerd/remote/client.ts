import { setTimeout as delay } from 'node:timers/promises';
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
import { packJson } from '../../protocol/any.js';
import { ContainersDefinition } from '../../protocol/gen/containerd/services/containers.js';
import { VersionDefinition } from '../../protocol/gen/containerd/services/version.js';
import type { GrpcChannel } from '../../protocol/grpc/channel.js';
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
import { BUNDLE_LABEL, bundleDirOf } from './bundle-dir.js';
import { Cleanups } from './cleanups.js';
import { RemoteContainer } from './container.js';
import { containerOfRecord } from './container-record.js';
import { Lifetime, type RemoteContext, StdioRegistry } from './context.js';
import { receiveEvent } from './event-receiver.js';
import { EventStream } from './event-stream.js';
import { restoreAll } from './restore.js';
import { Resync } from './resync.js';
import { containerOptions } from './runtime-options.js';
import { sampleMany } from './stats.js';
import { TIMEOUTS } from './timeouts.js';

/** After a reconnect; later the sweep goes on. */
const RESYNC_TRIES = 10;
const RESYNC_RETRY_MS = 300;

export interface RemoteClientOptions {
  readonly channel: GrpcChannel;
  readonly namespace: string;
  readonly stateDir: string;
  readonly defaultRuntime: string;
  readonly defaultRuntimeOptions: RuntimeOptions | undefined;
  readonly capabilities: Capabilities;
  readonly log: Logger;
  readonly sweepIntervalMs: number;
  readonly goneGraceMs: number;
}

/** The seam over one containerd and one of its namespaces. Made by `connectRemote`. */
export class RemoteClient implements Client {
  readonly namespace: string;
  readonly capabilities: Capabilities;
  readonly closed: Promise<void>;
  readonly #context: RemoteContext;
  readonly #dispatch: EventDispatch;
  readonly #stream: EventStream;
  readonly #resync: Resync;
  readonly #sweep: NodeJS.Timeout;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #onClosed: () => void = () => {};

  constructor(options: RemoteClientOptions) {
    const { channel, namespace, log } = options;
    this.namespace = namespace;
    this.capabilities = options.capabilities;
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
    this.#dispatch = new EventDispatch(log);
    this.#stream = new EventStream({
      channel,
      namespace,
      log,
      onEnvelope: (envelope) => receiveEvent(envelope, this.#context, this.#dispatch),
      onLive: (attempt) => this.#live(attempt),
    });
    this.#context = {
      channel,
      namespace,
      stateDir: options.stateDir,
      defaultRuntime: options.defaultRuntime,
      defaultRuntimeOptions: options.defaultRuntimeOptions,
      capabilities: options.capabilities,
      table: new RunTable((event) => this.#dispatch.publish(event)),
      log,
      stdio: new StdioRegistry(),
      slowTasks: new Map(),
      cleanups: new Cleanups(),
      execStarts: new WeakMap(),
      lifetime: new Lifetime(),
      verify: (run: Run) => void this.#resync.run(run),
      verifyLater: (run: Run) => this.#resync.later(run),
      isConnected: () => this.#stream.state === 'live',
    };
    this.#resync = new Resync(this.#context, { goneGraceMs: options.goneGraceMs });
    this.#sweep = setInterval(() => void this.#resyncAll(), options.sweepIntervalMs);
    this.#sweep.unref();
  }

  /** Opens the event stream; to be called once, before anything else. */
  async begin(call: CallOptions): Promise<void> {
    await withinCall('subscribe to events', this.#stream.start(), call);
  }

  /** Calls made so far by method, `Tasks/Create` and so on: the budgets of design section 5 are tested with it. */
  rpcCounts(): Map<string, number> {
    return this.#context.channel.rpcs.counts();
  }

  async version(call: CallOptions = {}): Promise<VersionInfo> {
    const { version, revision } = await this.#context.channel.unary(VersionDefinition, 'version', {}, call);
    return { name: 'containerd', version, revision };
  }

  async newContainer(id: string, options: NewContainerOptions, call: CallOptions = {}): Promise<Container> {
    assertIdentifier('container', id);
    assertRunnableSpec(options.spec);
    const runtime = options.runtime ?? this.#context.defaultRuntime;
    assertRuntimeName(runtime);
    const bundleDir = await bundleDirOf(this.#context.stateDir, id, options.spec);
    const labels = { ...withoutEmpty(options.labels), [BUNDLE_LABEL]: bundleDir };
    const runtimeOptions = options.runtimeOptions ?? this.#context.defaultRuntimeOptions;
    const packed = containerOptions(runtime, runtimeOptions);
    const container = {
      id,
      labels,
      image: '',
      runtime: { name: runtime, options: packed },
      spec: packJson('Spec', options.spec),
      snapshotter: '',
      snapshotKey: '',
      createdAt: undefined,
      updatedAt: undefined,
      extensions: {},
      sandbox: '',
    };
    try {
      await this.#context.channel.unary(ContainersDefinition, 'create', { container }, call);
    } catch (err) {
      if (!isAlreadyExists(err)) throw err;
      throw new ConflictError(`create container ${id}: the id is already in use`, {
        code: 'ERR_CONTAINER_EXISTS',
        cause: err,
        fields: { containerId: id },
      });
    }
    const { spec } = options;
    return new RemoteContainer(this.#context, {
      id,
      runtime,
      labels,
      spec,
      options: packed,
      runtimeOptions,
      bundleDir,
      isOurs: true,
    });
  }

  async loadContainer(id: string, call: CallOptions = {}): Promise<Container> {
    assertIdentifier('container', id);
    try {
      const { container } = await this.#context.channel.unary(ContainersDefinition, 'get', { id }, call);
      if (container !== undefined) return containerOfRecord(this.#context, container);
    } catch (err) {
      if (!isNotFound(err)) throw err;
      throw containerNotFound(id, err);
    }
    throw containerNotFound(id);
  }

  async containers(call: CallOptions = {}): Promise<Container[]> {
    const containers: Container[] = [];
    const timeoutMs = call.timeoutMs ?? 30_000;
    // A stream, since 1000 specs are more than one message may hold.
    const stream = this.#context.channel.stream(
      ContainersDefinition,
      'listStream',
      { filters: [] },
      { ...call, timeoutMs },
    );
    for await (const { container } of stream) {
      if (container !== undefined) containers.push(containerOfRecord(this.#context, container));
    }
    return containers;
  }

  async restore(options: RestoreOptions = {}): Promise<RestoredContainer[]> {
    const collection = this.#context.table.collect();
    try {
      return await restoreAll(this.#context, () => this.containers(options), options);
    } finally {
      collection.stop();
    }
  }

  stats(ids?: readonly string[], call: CallOptions = {}): Promise<Map<string, Metrics>> {
    return sampleMany(this.#context, ids, call);
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
      clearInterval(this.#sweep);
      // A `destroy` meanwhile ends this too.
      await Promise.race([this.#closeGracefully(), this.closed]);
    }
    await this.closed;
  }

  async #closeGracefully(): Promise<void> {
    const reason = new CanceledError('the client was closed', { code: 'ERR_CLIENT_CLOSED' });
    await this.#stream.close();
    // First those who wait: a handler may be one of them, and the last events are delivered below.
    this.#context.lifetime.end(reason);
    const last = Promise.all([this.#dispatch.close(), this.#context.cleanups.all()]);
    try {
      await withinCall('deliver the last events and finish clean-ups', last, { timeoutMs: TIMEOUTS.close });
    } catch (err) {
      this.#context.log.warn({ err, namespace: this.namespace }, 'close the client');
      this.#dispatch.destroy();
    }
    await this.#end(reason);
  }

  destroy(reason?: Error): void {
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    clearInterval(this.#sweep);
    this.#dispatch.destroy();
    void this.#stream.close();
    const cause = reason === undefined ? undefined : toEngineError(reason);
    void this.#end(new CanceledError('the client was destroyed', { code: 'ERR_CLIENT_CLOSED', cause }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #end(reason: EngineError): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#resync.close();
    this.#context.lifetime.end(reason);
    this.#context.channel.close(reason);
    try {
      await this.#context.stdio.detachAll();
    } catch (err) {
      this.#context.log.warn({ err, namespace: this.namespace }, 'close stdio with the client');
    }
    this.#onClosed();
  }

  /** After a gap: subscribe came first, so what the list does not tell will come as an event. */
  #live(attempt: number): void {
    if (attempt === 1) return;
    this.#context.log.info({ namespace: this.namespace, attempt }, 'the event stream is back');
    void this.#resyncUntilDone();
  }

  async #resyncUntilDone(): Promise<void> {
    const attempt = this.#stream.attempts;
    for (let tries = 0; tries < RESYNC_TRIES; tries++) {
      if (await this.#resyncAll()) return;
      await delay(RESYNC_RETRY_MS, undefined, { ref: false });
      // Closed, or the stream broke and came back: then that is another one's task.
      if (this.#state !== 'open' || this.#stream.attempts !== attempt) return;
    }
  }

  async #resyncAll(): Promise<boolean> {
    try {
      await this.#resync.all();
      return true;
    } catch (err) {
      if (this.#state === 'open') this.#context.log.warn({ err, namespace: this.namespace }, 'resync of running tasks');
      return false;
    }
  }
}

/** containerd keeps no label with an empty value; the object must not claim what a load would not show. */
function withoutEmpty(labels: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}

function containerNotFound(id: string, cause?: unknown): NotFoundError {
  return new NotFoundError(`load container ${id}: no such container`, {
    code: 'ERR_CONTAINER_NOT_FOUND',
    cause,
    fields: { containerId: id },
  });
}
