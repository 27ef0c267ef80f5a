import type { EngineError } from '../../../errdefs/index.js';
import { ObjectClient, type ObjectClientOptions } from '../../objects/client.js';
import type { OutputHold } from '../../objects/context.js';
import type { TaskEvent } from '../../objects/event-facts.js';
import type { ContainerStore, TaskService } from '../../objects/task-service.js';
import type { CallOptions, VersionInfo } from '../../types.js';
import { ClientCalls } from './client-calls.js';
import { VERSION } from './version.js';

export interface LocalServices {
  readonly tasks: TaskService;
  readonly containers: ContainerStore;
  readonly shimTypeOf: (runtime: string) => string;
  readonly holdOutput: OutputHold | undefined;
  /** Delivers the namespace's events until the function it gives is called. */
  readonly listen: (listener: (event: TaskEvent) => void) => () => void;
  /** The client has ended; its `closed` waits for this. */
  readonly onClosed: () => Promise<void>;
}

/** The seam over an embedded core and one of its namespaces. Made by `EmbeddedCore.client` and `connectLocal`. */
export class LocalClient extends ObjectClient {
  readonly #calls: ClientCalls;
  readonly #unlisten: () => void;
  readonly #onClosed: () => Promise<void>;

  constructor(options: ObjectClientOptions, services: LocalServices) {
    const calls = new ClientCalls();
    super(options, {
      tasks: calls.wrap(services.tasks),
      containers: calls.wrapStore(services.containers),
      assertUsable: (what, signal) => calls.assertUsable(what, signal),
      shimTypeOf: services.shimTypeOf,
      isConnected: () => true,
      holdOutput: services.holdOutput,
    });
    this.#calls = calls;
    this.#onClosed = services.onClosed;
    this.#unlisten = services.listen((event) => this.receiveTask(event));
  }

  async version(call: CallOptions = {}): Promise<VersionInfo> {
    this.#calls.assertUsable('version', call.signal);
    return { name: 'local/linux', version: VERSION, revision: '' };
  }

  protected stopTimers(): void {}

  protected async stopEvents(): Promise<void> {
    this.#unlisten();
  }

  protected disconnect(reason: EngineError): void {
    this.#calls.close(reason);
  }

  protected override async released(): Promise<void> {
    await this.#onClosed();
  }
}
