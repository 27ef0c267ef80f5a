import { NotFoundError } from '../../errdefs/index.js';
import type { ManagedContainer } from './managed-container.js';

/** The containers of an engine by id. Names are kept by `NameRegistry`, which finds the id of a name or prefix. */
export class ContainerTable {
  readonly #byId = new Map<string, ManagedContainer>();

  get size(): number {
    return this.#byId.size;
  }

  add(container: ManagedContainer): void {
    this.#byId.set(container.id, container);
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  find(id: string): ManagedContainer | undefined {
    return this.#byId.get(id);
  }

  /** @throws NotFoundError `ERR_CONTAINER_NOT_FOUND` in the daemon's words */
  get(id: string, asked: string = id): ManagedContainer {
    const container = this.#byId.get(id);
    if (container !== undefined) return container;
    throw new NotFoundError(`No such container: ${asked}`, {
      code: 'ERR_CONTAINER_NOT_FOUND',
      fields: { containerId: asked },
    });
  }

  all(): ManagedContainer[] {
    return [...this.#byId.values()];
  }
}
