/** Holds back what a paused container would do, until it is resumed. */
export class Freezer {
  #frozen = false;
  readonly #held: (() => void)[] = [];

  get frozen(): boolean {
    return this.#frozen;
  }

  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
    while (!this.#frozen) {
      const action = this.#held.shift();
      if (action === undefined) return;
      action();
    }
  }

  /** Acts now, or when the container is resumed; in order. */
  run(action: () => void): void {
    if (this.#frozen) this.#held.push(action);
    else action();
  }
}
