import { join } from 'node:path';
import { withDefault, withinCall } from '../../deadline.js';
import { assertIdentifier } from '../../identifiers.js';
import type { CallOptions } from '../../types.js';
import { LocalClient } from './client.js';
import { DiskContainerStore } from './container-store.js';
import { type CoreParts, openCoreParts } from './core-parts.js';
import { NamespaceTasks } from './namespace-tasks.js';
import type { CoreOptions, LocalClientOptions } from './options.js';
import { finishLoading, liveOutputs } from './task-loader.js';
import { TIMEOUTS } from './timeouts.js';

/**
 * What containerd is between an engine and its shims, in process: bundles, shims, their events, their end. One for each
 * root folder; any number of clients, in any namespace, stand on it.
 */
export class EmbeddedCore {
  readonly #parts: CoreParts;
  readonly #clients = new Set<LocalClient>();
  readonly #loaded: Promise<void>;
  #closing: Promise<void> | undefined;

  private constructor(parts: CoreParts) {
    this.#parts = parts;
    this.#loaded = finishLoading(parts.core, parts).then(() => this.#reconcileOutput());
  }

  /**
   * Takes the root, enters the tasks of an earlier life and is ready; their shims are still being looked for when it
   * settles, and calls about them wait for that. Nothing is left open when it fails.
   * @throws ConflictError `ERR_ROOT_BUSY` when another core has the root or the state folder; PermissionDeniedError
   * when a folder cannot be made; InvalidArgumentError `ERR_OPTION_INVALID`
   */
  static async open(options: CoreOptions = {}, call: CallOptions = {}): Promise<EmbeddedCore> {
    const opening = openCoreParts(options);
    try {
      return new EmbeddedCore(await withinCall('open the embedded core', opening, withDefault(call, TIMEOUTS.open)));
    } catch (err) {
      // It may still come, after the caller has gone.
      opening.then((parts) => parts.close()).catch(() => {});
      throw err;
    }
  }

  get root(): string {
    return this.#parts.root;
  }

  get state(): string {
    return this.#parts.state;
  }

  /**
   * A client in one namespace. It ends with the core; the core does not end with it.
   * @throws InvalidArgumentError `ERR_NAMESPACE_INVALID`
   */
  client(options: LocalClientOptions = {}): LocalClient {
    return this.#client(options, async () => {});
  }

  /** A client with whose end the core ends. */
  owner(options: LocalClientOptions = {}): LocalClient {
    // When the core is closed first, it waits for this client, and must not be waited for.
    return this.#client(options, async () => {
      if (this.#closing === undefined) await this.close();
    });
  }

  /** Settles when every shim of an earlier life was found, or found dead, and leaked ones were ended. */
  settled(call: CallOptions = {}): Promise<void> {
    return withinCall('find the shims of an earlier life', this.#loaded, call);
  }

  /** Names that `NewContainerOptions.runtime` may have here, of those in the table. */
  runtimes(): Promise<string[]> {
    return this.#parts.core.runtimes.available();
  }

  /** Closes its clients and gives the root back. Containers go on. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The same at once: clients are destroyed, and their pending calls fail. Idempotent. */
  destroy(reason?: Error): void {
    for (const client of this.#clients) client.destroy(reason);
    void this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.close()));
    this.#parts.abort();
    await this.#loaded;
    await this.#creationsOver();
    await this.#parts.close();
  }

  /** A create goes on when its client is gone; whoever has the root next would take its bundle for a leftover. */
  async #creationsOver(): Promise<void> {
    const { core, log } = this.#parts;
    try {
      await withinCall('finish the creates under way', core.table.quiet(), { timeoutMs: TIMEOUTS.call });
    } catch (err) {
      log.warn({ err, root: this.root }, 'close the embedded core');
    }
  }

  /** A keeper may have died with us; what it held then is held again. Never rejects. */
  async #reconcileOutput(): Promise<void> {
    const { keeper, core, signal, log } = this.#parts;
    if (keeper === undefined || signal.aborted) return;
    try {
      await keeper.reconcile(await liveOutputs(core), { timeoutMs: TIMEOUTS.cleanup, signal });
    } catch (err) {
      if (!signal.aborted) log.warn({ err, root: this.root }, 'hold the output of running containers again');
    }
  }

  #client(options: LocalClientOptions, onClosed: () => Promise<void>): LocalClient {
    const { root, state, bus, core, keeper, capabilities } = this.#parts;
    const { runtimes, log } = core;
    const namespace = options.namespace ?? 'default';
    assertIdentifier('namespace', namespace);
    const defaultRuntime = options.runtime ?? runtimes.defaultRuntime;
    const client: LocalClient = new LocalClient(
      {
        namespace,
        stateDir: join(state, 'io', namespace),
        defaultRuntime,
        defaultRuntimeOptions: options.runtimeOptions,
        capabilities,
        log: options.logger ?? log,
        goneGraceMs: options.goneGraceMs ?? 5_000,
      },
      {
        tasks: new NamespaceTasks(core, namespace),
        containers: new DiskContainerStore(root, namespace, log),
        shimTypeOf: (runtime) => runtimes.shimTypeOf(runtime),
        holdOutput: keeper,
        listen: (listener) => bus.listen(namespace, listener),
        onClosed: () => {
          this.#clients.delete(client);
          return onClosed();
        },
      },
    );
    this.#clients.add(client);
    this.#warm(namespace, defaultRuntime);
    return client;
  }

  #warm(namespace: string, name: string): void {
    const { warm, runtimes, log } = this.#parts.core;
    runtimes.resolve(name).then(
      (runtime) => warm.prepare(namespace, runtime),
      (err: unknown) => log.debug({ err, runtime: name }, 'prepare warm shims'),
    );
  }
}
