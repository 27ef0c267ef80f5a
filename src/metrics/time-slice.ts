import { setImmediate as nextTurn } from 'node:timers/promises';

const SLICE_MS = 5;

/** Cuts long work into slices: a scrape of hundreds of containers must not hold up the engine. */
export class TimeSlice {
  #endsAt = performance.now() + SLICE_MS;

  /** After it, `next` is due. */
  get isOver(): boolean {
    return performance.now() >= this.#endsAt;
  }

  /** Lets everybody else in the process go first. */
  async next(): Promise<void> {
    await nextTurn();
    this.#endsAt = performance.now() + SLICE_MS;
  }
}
