const TICK_MS = 5_000;
const MS_PER_SECOND = 1_000;
const MINUTE_MS = 60_000;

/**
 * Events a second as an exponentially weighted moving average, as `uptime` shows the load: steps of 5 s, the first of which
 * sets the rate. Steps are counted from the clock when it is asked, so nothing runs meanwhile.
 *
 * Upstream: rcrowley/go-metrics `ewma.go`, `meter.go`.
 */
export class MovingRate {
  readonly #keep: number;
  #tickedAt: number;
  #uncounted = 0;
  #rate: number | undefined;

  /** @param nowMs of a monotonic clock, as in the other methods */
  constructor(minutes: number, nowMs: number) {
    this.#keep = Math.exp(-TICK_MS / (minutes * MINUTE_MS));
    this.#tickedAt = nowMs;
  }

  mark(nowMs: number): void {
    this.#tick(nowMs);
    this.#uncounted++;
  }

  /** Events a second; 0 before the first step is over. */
  perSecond(nowMs: number): number {
    this.#tick(nowMs);
    return this.#rate ?? 0;
  }

  #tick(nowMs: number): void {
    const ticks = Math.floor((nowMs - this.#tickedAt) / TICK_MS);
    if (ticks < 1) return;
    this.#tickedAt += ticks * TICK_MS;
    const now = this.#uncounted / (TICK_MS / MS_PER_SECOND);
    this.#uncounted = 0;
    const first = this.#rate === undefined ? now : now + (this.#rate - now) * this.#keep;
    // In the steps after the first there was nothing.
    this.#rate = first * this.#keep ** (ticks - 1);
  }
}
