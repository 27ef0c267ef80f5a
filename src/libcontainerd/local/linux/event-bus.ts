import type { Logger } from '../../../log/logger.js';
import type { TaskEvent } from '../../objects/event-facts.js';

type Listener = (event: TaskEvent) => void;

/** Hands the events of a namespace's tasks to the clients in it, in the order of their making. */
export class EventBus {
  readonly #log: Logger;
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Returns how to stop listening. */
  listen(namespace: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(namespace) ?? new Set();
    this.#listeners.set(namespace, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(namespace) === listeners) this.#listeners.delete(namespace);
    };
  }

  publish(namespace: string, event: TaskEvent): void {
    for (const listener of this.#listeners.get(namespace) ?? []) {
      try {
        listener(event);
      } catch (err) {
        this.#log.error({ err, containerId: event.containerId, type: event.type, namespace }, 'take an event');
      }
    }
  }
}
