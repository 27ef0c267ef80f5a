import PQueue from 'p-queue';
import { isNotFound } from '../errdefs/index.js';
import { remaining } from '../libcontainerd/deadline.js';
import type { Subscription } from '../libcontainerd/event.js';
import type { CallOptions, Client } from '../libcontainerd/types.js';
import type { Logger } from '../log/logger.js';

const CONCURRENCY = 32;

/** The runtime names of containers, asked for once a container: they never change in its life. */
export class ContainerRuntimes {
  readonly #client: Client;
  readonly #log: Logger;
  readonly #names = new Map<string, string>();
  #subscription: Subscription | undefined;

  constructor(client: Client, log: Logger) {
    this.#client = client;
    this.#log = log;
  }

  /**
   * Learns those of these containers that are not known yet, and forgets all other ones. What cannot be learned now is absent, and
   * asked for again next time. Rejects only when the call is given up.
   */
  async learn(ids: ReadonlySet<string>, call: CallOptions): Promise<void> {
    this.#forgetReplaced();
    for (const id of this.#names.keys()) {
      if (!ids.has(id)) this.#names.delete(id);
    }
    const rest = remaining(call);
    const unknown = [...ids].filter((id) => !this.#names.has(id));
    const queue = new PQueue({ concurrency: CONCURRENCY });
    await queue.addAll(unknown.map((id) => () => this.#ask(id, rest())));
    call.signal?.throwIfAborted();
  }

  of(containerId: string): string | undefined {
    return this.#names.get(containerId);
  }

  close(): void {
    void this.#subscription?.close();
    this.#names.clear();
  }

  async #ask(id: string, call: CallOptions): Promise<void> {
    try {
      const { runtime } = await this.#client.loadContainer(id, call);
      this.#names.set(id, runtime);
    } catch (err) {
      // It was removed while we asked.
      if (!isNotFound(err))
        this.#log.warn({ err, containerId: id }, 'learn the runtime of a container for its metrics');
    }
  }

  /** An id may come back with another runtime between two scrapes. */
  #forgetReplaced(): void {
    this.#subscription ??= this.#client.subscribe(
      ({ type, containerId }) => {
        if (type === 'create') this.#names.delete(containerId);
      },
      { foreign: true, onGap: () => this.#names.clear() },
    );
  }
}
