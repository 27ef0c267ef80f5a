const NANOS = 1_000_000_000;
/** A clock that was set back by less keeps the order of entries; by more, it is followed. */
const REORDER_SECONDS = 1;

/**
 * Gives each entry of a log its own nanosecond, later than those before it. None ends in the digit 0, so that each time
 * has nine digits: Go leaves zeros at the end out.
 */
export class EntryClock {
  /** Since 1970. */
  seconds = 0;
  nanos = 1;
  readonly #now: () => number;

  /** @param now milliseconds since 1970, with a fraction */
  constructor(now: () => number = wallMilliseconds) {
    this.#now = now;
  }

  /** Reads the clock: entries from here on are of this moment. */
  mark(): void {
    const now = this.#now();
    const seconds = Math.floor(now / 1000);
    let nanos = Math.floor((now - seconds * 1000) * 1e6);
    if (nanos % 10 === 0) nanos += 1;
    const isAhead = seconds > this.seconds || (seconds === this.seconds && nanos > this.nanos);
    if (!isAhead && this.seconds - seconds <= REORDER_SECONDS) return;
    this.seconds = seconds;
    this.nanos = nanos;
  }

  /** The time of the next entry. */
  next(): void {
    this.nanos += 1;
    if (this.nanos % 10 !== 0) return;
    this.nanos += 1;
    if (this.nanos < NANOS) return;
    this.nanos = 1;
    this.seconds += 1;
  }
}

let wallMinusMonotonic = 0;

/** The wall clock with the fraction of a millisecond that `Date.now` lacks. It follows a wall clock that is set. */
function wallMilliseconds(): number {
  const wall = Date.now();
  const monotonic = performance.now();
  const fine = wallMinusMonotonic + monotonic;
  if (fine >= wall && fine < wall + 1) return fine;
  wallMinusMonotonic = wall - monotonic;
  return wall;
}
