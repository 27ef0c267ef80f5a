import { createHistogram } from 'node:perf_hooks';
import { MovingRate } from './moving-rate.js';

const US_PER_MS = 1_000;
const MS_PER_SECOND = 1_000;
/** Longer ones count as this: a day. */
const LONGEST_US = 86_400_000_000;

/** Durations in milliseconds, all 0 without any; rates a second. */
export interface TimerSummary {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stddev: number;
  /** By percent: 50, 75, 95, 99, 99.9. Within 0.1 %. */
  readonly percentiles: readonly (readonly [percent: number, ms: number])[];
  readonly rate1: number;
  readonly rate5: number;
  readonly rate15: number;
  /** Since the beginning. */
  readonly meanRate: number;
}

export const PERCENTS = [50, 75, 95, 99, 99.9] as const;

/** Durations since it was made: their distribution, and how often they come. */
export class TimerStatistics {
  readonly #durations = createHistogram({ lowest: 1, highest: LONGEST_US, figures: 3 });
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #rates: readonly [MovingRate, MovingRate, MovingRate];

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#startedAt = now();
    this.#rates = [
      new MovingRate(1, this.#startedAt),
      new MovingRate(5, this.#startedAt),
      new MovingRate(15, this.#startedAt),
    ];
  }

  record(durationMs: number): void {
    // A histogram begins at 1.
    this.#durations.record(Math.min(LONGEST_US, Math.max(1, Math.round(durationMs * US_PER_MS))));
    const now = this.#now();
    for (const rate of this.#rates) rate.mark(now);
  }

  summary(): TimerSummary {
    const now = this.#now();
    const { count } = this.#durations;
    const ms = (us: number) => (count === 0 ? 0 : us / US_PER_MS);
    const [one, five, fifteen] = this.#rates;
    const seconds = (now - this.#startedAt) / MS_PER_SECOND;
    return {
      count,
      min: ms(this.#durations.min),
      max: ms(this.#durations.max),
      mean: ms(this.#durations.mean),
      stddev: ms(this.#durations.stddev),
      percentiles: PERCENTS.map((percent) => [percent, ms(this.#durations.percentile(percent))]),
      rate1: one.perSecond(now),
      rate5: five.perSecond(now),
      rate15: fifteen.perSecond(now),
      meanRate: seconds > 0 ? count / seconds : 0,
    };
  }
}
