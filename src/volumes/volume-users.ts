/** Which containers use which volume. In memory: whoever keeps the containers tells it again after a restart. */
export class VolumeUsers {
  readonly #users = new Map<string, Set<string>>();

  add(name: string, containerId: string): void {
    const users = this.#users.get(name) ?? new Set();
    this.#users.set(name, users.add(containerId));
  }

  delete(name: string, containerId: string): void {
    const users = this.#users.get(name);
    users?.delete(containerId);
    if (users?.size === 0) this.#users.delete(name);
  }

  /** Gives the volumes that it used. */
  deleteAll(containerId: string): string[] {
    const names = [...this.#users].filter(([, users]) => users.has(containerId)).map(([name]) => name);
    for (const name of names) this.delete(name, containerId);
    return names;
  }

  of(name: string): string[] {
    return [...(this.#users.get(name) ?? [])];
  }
}
