import type { ShimTask } from './shim-task.js';

/** The tasks of one core by namespace and id. */
export class TaskTable {
  readonly #namespaces = new Map<string, Map<string, ShimTask>>();
  readonly #reserved = new Map<string, Promise<void>>();

  get(namespace: string, id: string): ShimTask | undefined {
    return this.#namespaces.get(namespace)?.get(id);
  }

  of(namespace: string): ShimTask[] {
    return [...(this.#namespaces.get(namespace)?.values() ?? [])];
  }

  all(): ShimTask[] {
    return [...this.#namespaces.values()].flatMap((tasks) => [...tasks.values()]);
  }

  /** For the time of a create. `undefined` when the id has a task, or is just getting one. */
  reserve(namespace: string, id: string): (() => void) | undefined {
    const key = `${namespace}/${id}`;
    if (this.get(namespace, id) !== undefined || this.#reserved.has(key)) return undefined;
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = () => {
        this.#reserved.delete(key);
        resolve();
      };
    });
    this.#reserved.set(key, released);
    return release;
  }

  /** Settles when every reservation of this moment has been given back. */
  async quiet(): Promise<void> {
    await Promise.all(this.#reserved.values());
  }

  enter(namespace: string, task: ShimTask): void {
    const tasks = this.#namespaces.get(namespace) ?? new Map<string, ShimTask>();
    this.#namespaces.set(namespace, tasks.set(task.id, task));
  }

  remove(namespace: string, task: ShimTask): void {
    const tasks = this.#namespaces.get(namespace);
    if (tasks?.get(task.id) !== task) return;
    tasks.delete(task.id);
    if (tasks.size === 0) this.#namespaces.delete(namespace);
  }
}
