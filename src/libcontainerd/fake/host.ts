import type { Logger } from '../../log/logger.js';
import { defaultLogger } from '../../log/logger.js';
import { assertIdentifier } from '../identifiers.js';
import type { Capabilities } from '../types.js';
import { InMemoryClient } from './client.js';
import type { FakeClient, FakeHost } from './controls.js';
import { type FakeMethod, Faults } from './faults.js';
import { HostState } from './host-state.js';
import type { FakePrograms } from './program.js';

export interface FakeHostOptions {
  /** What runs in the containers. @default none: every start fails with `ERR_COMMAND_NOT_FOUND` */
  readonly programs?: FakePrograms | undefined;
  /** What differs from the default: all but `checkpoint` and `runtimeV1`, metrics of cgroup v2. */
  readonly capabilities?: Partial<Capabilities> | undefined;
  /** The host's clock. @default the real one */
  readonly now?: (() => Date) | undefined;
  /** Of containers made without one. @default 'io.containerd.runc.v2' */
  readonly defaultRuntime?: string | undefined;
  /** Namespace of clients and controls that name none. @default 'default' */
  readonly namespace?: string | undefined;
  /** Gets failed event handlers, for one. @default the library's, silent unless `LIBCONTAINERD_LOG` is set */
  readonly log?: Logger | undefined;
}

const CAPABILITIES: Capabilities = {
  checkpoint: false,
  pause: true,
  liveAttach: true,
  updateResources: true,
  oomEvents: true,
  runtimeV1: false,
  metrics: 'cgroup2',
};

class InMemoryHost implements FakeHost {
  readonly #state: HostState;
  readonly #faults = new Faults();
  readonly #clients = new Set<InMemoryClient>();
  readonly #options: FakeHostOptions;
  readonly #namespace: string;

  constructor(options: FakeHostOptions = {}) {
    this.#options = options;
    this.#namespace = options.namespace ?? 'default';
    assertIdentifier('namespace', this.#namespace);
    this.#state = new HostState({
      capabilities: { ...CAPABILITIES, ...options.capabilities },
      programs: options.programs ?? {},
      now: options.now ?? (() => new Date()),
      losesEvents: () => this.#faults.losesEvents,
    });
  }

  client(namespace: string = this.#namespace): FakeClient {
    assertIdentifier('namespace', namespace);
    const client = new InMemoryClient({
      host: this,
      state: this.#state,
      faults: this.#faults,
      namespace,
      defaultRuntime: this.#options.defaultRuntime ?? 'io.containerd.runc.v2',
      log: this.#options.log ?? defaultLogger(),
    });
    this.#clients.add(client);
    void client.closed.then(() => this.#clients.delete(client));
    return client;
  }

  calls(): Map<FakeMethod, number> {
    return this.#faults.calls();
  }

  failNext(method: FakeMethod, error: Error): void {
    this.#faults.failNext(method, error);
  }

  oomKill(containerId: string, processId: string | null = containerId, namespace: string = this.#namespace): void {
    const task = this.#state.task(namespace, containerId);
    const process = processId === null ? undefined : this.#state.process(task, processId);
    task.oomKill(process, this.#state.capabilities.oomEvents);
  }

  vanish(containerId: string, namespace: string = this.#namespace): void {
    this.#state.vanish(namespace, containerId);
  }

  dropEvents(dropped: boolean): void {
    this.#faults.eventsDropped = dropped;
  }

  disconnect(): void {
    this.#faults.connected = false;
  }

  async reconnect(): Promise<void> {
    this.#faults.connected = true;
    await this.sweep();
  }

  async sweep(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.resync()));
  }
}

export function createFakeHost(options: FakeHostOptions = {}): FakeHost {
  return new InMemoryHost(options);
}

/** A client on a host of its own, which is `client.host`. */
export function createFakeClient(options: FakeHostOptions = {}): FakeClient {
  return new InMemoryHost(options).client();
}
