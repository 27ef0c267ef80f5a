import type { ContainerEvent, EventHandler } from '../event.js';
import { within } from './deadline.js';

/** Keeps the events it is handed, in order of arrival. */
export class EventLog {
  readonly events: ContainerEvent[] = [];
  readonly #waiters = new Set<() => void>();

  readonly handler: EventHandler = (event) => {
    this.events.push(event);
    for (const wake of [...this.#waiters]) wake();
  };

  /** Resolves with the first event that fits, also one of the past. */
  async until(what: string, fits: (event: ContainerEvent) => boolean): Promise<ContainerEvent> {
    let wake = () => {};
    const found = new Promise<ContainerEvent>((resolve) => {
      wake = () => {
        const event = this.events.find(fits);
        if (event !== undefined) resolve(event);
      };
    });
    this.#waiters.add(wake);
    wake();
    try {
      return await within(`event ${what}`, found);
    } finally {
      this.#waiters.delete(wake);
    }
  }

  exitOf(containerId: string, processId = containerId): Promise<ContainerEvent> {
    return this.until(`exit of ${processId}`, (e) => {
      return e.type === 'exit' && e.containerId === containerId && e.processId === processId;
    });
  }

  /** Types in order; those of execs with the exec's id, as `exit(web)`. */
  sequence(containerId: string): string[] {
    return this.events
      .filter((e) => e.containerId === containerId)
      .map((e) => (e.processId === containerId ? e.type : `${e.type}(${e.processId})`));
  }
}
