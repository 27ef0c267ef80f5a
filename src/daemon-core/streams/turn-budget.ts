const BYTES_PER_TURN = 512 * 1024;
/** What one read of an output gives at most. */
const READ_BYTES = 64 * 1024;

/**
 * How much output all containers together may have handled in one turn of the event loop, so that those that print without
 * end leave time for everything else. Who is over it waits for a later turn, in the order of asking.
 */
export class TurnBudget {
  readonly #bytesPerTurn: number;
  readonly #waiting = new Set<() => void>();
  #left: number;
  #isTicking = false;

  constructor(bytesPerTurn = BYTES_PER_TURN) {
    this.#bytesPerTurn = bytesPerTurn;
    this.#left = bytesPerTurn;
  }

  /** @returns false: the bytes were one's last for now, `resume` is called in a later turn */
  spend(bytes: number, resume: () => void): boolean {
    this.#left -= bytes;
    this.#tick();
    // While others wait, nobody goes on before them.
    if (this.#left > 0 && this.#waiting.size === 0) return true;
    this.#waiting.add(resume);
    return false;
  }

  forget(resume: () => void): void {
    this.#waiting.delete(resume);
  }

  #tick(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    setImmediate(() => {
      this.#isTicking = false;
      this.#left = this.#bytesPerTurn;
      let turns = Math.max(1, Math.floor(this.#bytesPerTurn / READ_BYTES));
      for (const resume of this.#waiting) {
        if (turns-- === 0) break;
        this.#waiting.delete(resume);
        resume();
      }
      if (this.#waiting.size > 0) this.#tick();
    });
  }
}

/** One for the process: what has to be shared is the one event loop. */
export const turnBudget = new TurnBudget();
