import type { CallOptions, Client } from '../libcontainerd/types.js';
import type { ReloadableRuntimes, RuntimeChanges } from '../runtimes/index.js';
import type { WaitResult } from './container/waits.js';
import { EngineContainer } from './engine-container.js';
import type { EngineContext } from './engine-context.js';
import { EngineExec } from './engine-exec.js';
import type { EngineEvent } from './events/engine-event.js';
import type { EventStreamRequest } from './events/event-log.js';
import { findExec } from './exec/exec.js';
import { Filters } from './filters.js';
import { compareNewestFirst, listFilter } from './list-filter.js';
import { type CreateOptions, createContainer } from './operations/create.js';
import { type PruneReport, pruneContainers } from './operations/prune.js';
import type { DamagedRecord } from './state/record-store.js';
import { type EngineTelemetry, telemetryOf } from './telemetry.js';

/** What `createEngine` made, for its end. */
export interface EngineParts {
  readonly context: EngineContext;
  readonly damaged: readonly DamagedRecord[];
  readonly runtimes: ReloadableRuntimes;
  readonly close: (graceful: boolean) => Promise<void>;
}

export interface NewContainer {
  readonly container: EngineContainer;
  readonly warnings: readonly string[];
}

/**
 * Containers with a life: what an engine daemon embeds. Made by `createEngine`. Everything goes on over a restart of the
 * process, a kill -9 included: the next engine on the same folders finds its containers.
 */
export class Engine {
  readonly #parts: EngineParts;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  /** The same in every life of the engine; kept in `root`. */
  get id(): string {
    return this.#context.settings.id;
  }

  /** The seam's client under it. */
  get client(): Client {
    return this.#context.client;
  }

  /** Containers whose records cannot be read; they are left as they are on disk. */
  get damaged(): readonly DamagedRecord[] {
    return this.#parts.damaged;
  }

  get defaultRuntime(): string {
    return this.#context.runtimes().defaultRuntime;
  }

  /** @throws InvalidArgumentError, ConflictError, NotFoundError, ResourceExhaustedError; see `createContainer` */
  async create(options: CreateOptions, call: CallOptions = {}): Promise<NewContainer> {
    const { container, warnings } = await createContainer(this.#context, options, call);
    return { container: new EngineContainer(this.#context, container), warnings };
  }

  /**
   * By id, name, or the beginning of an id.
   * @throws NotFoundError `ERR_CONTAINER_NOT_FOUND`; InvalidArgumentError when several ids begin so
   */
  container(ref: string): EngineContainer {
    const { containers, names } = this.#context;
    return new EngineContainer(this.#context, containers.get(names.resolve(ref), ref));
  }

  /** All that the filters let through, the youngest first. */
  list(filters: Filters = Filters.of()): EngineContainer[] {
    const all = this.#context.containers.all();
    const { matches } = listFilter(filters, { find: (ref) => this.container(ref).record });
    return all
      .filter((c) => matches(c.record))
      .sort((a, b) => compareNewestFirst(a.record, b.record))
      .map((c) => new EngineContainer(this.#context, c));
  }

  /** What a container ended with that is removed already; kept for `removedTtlMs`. */
  removedStatus(id: string): WaitResult | undefined {
    return this.#context.removed.get(id);
  }

  /** Removes containers that do not run. */
  prune(filters: Filters = Filters.of(), call: CallOptions = {}): Promise<PruneReport> {
    return pruneContainers(this.#context, filters, call);
  }

  /** @throws NotFoundError `ERR_PROCESS_NOT_FOUND` */
  exec(id: string): EngineExec {
    return new EngineExec(this.#context, findExec(this.#context, id));
  }

  /** Docker's events: those kept, then those that come, with neither gap nor double. */
  events(options: EventStreamRequest = {}): AsyncIterable<EngineEvent> {
    return this.#context.events.stream(options);
  }

  /** Containers by status, execs, events, starts, as of now. Cheap: nothing is asked nor read. */
  telemetry(): EngineTelemetry {
    return telemetryOf(this.#context);
  }

  /**
   * Takes another configuration of runtimes, whole or not at all. Containers keep what they run with.
   * @throws InvalidArgumentError `ERR_OPTION_INVALID`, and nothing has changed
   */
  async reload(next: RuntimeChanges): Promise<void> {
    await this.#parts.runtimes.reload(next);
    this.#context.events.publish('daemon', 'reload', this.#context.settings.id, { name: 'engine' });
  }

  /**
   * Lets go of everything. Containers go on, unless `liveRestore` is off: then they are stopped first. Output that was
   * read is in the logs. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#parts.close(true);
    return this.#closing;
  }

  /** The same at once, and containers go on in any case. What is under way is dropped. Idempotent. */
  destroy(): Promise<void> {
    this.#closing ??= this.#parts.close(false);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #context(): EngineContext {
    return this.#parts.context;
  }
}
