import { createHistogram } from 'node:perf_hooks';

const TICK_MS = 20;
/** Longer than any usual interval of scrapes. */
const IDLE_MS = 10 * 60_000;
const US_PER_MS = 1_000;
const US_PER_SECOND = 1_000_000;

export interface DelaySummary {
  /** Seconds, as the next two. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * How late timers fire, from one reading to the next. It has a timer of its own only while somebody reads: from the first reading on,
 * until ten minutes have passed without one. The timer keeps no process alive.
 *
 * Not `monitorEventLoopDelay`: that loses what comes right after its reset, which here is the rendering of a scrape.
 */
export class EventLoopDelay {
  readonly #delays = createHistogram();
  #timer: NodeJS.Timeout | undefined;
  #tickedAt = 0;
  #readAt = 0;
  #isClosed = false;

  /** What was seen since the last reading; `undefined` when there is nothing yet. */
  read(): DelaySummary | undefined {
    this.#readAt = performance.now();
    this.#start();
    if (this.#delays.count === 0) return undefined;
    const summary = {
      p50: this.#delays.percentile(50) / US_PER_SECOND,
      p99: this.#delays.percentile(99) / US_PER_SECOND,
      max: this.#delays.max / US_PER_SECOND,
    };
    this.#delays.reset();
    return summary;
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  #start(): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#tickedAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#delays.reset();
  }

  #tick(): void {
    const now = performance.now();
    const lateUs = Math.round((now - this.#tickedAt - TICK_MS) * US_PER_MS);
    this.#tickedAt = now;
    // A histogram begins at 1.
    this.#delays.record(Math.max(1, lateUs));
    if (now - this.#readAt > IDLE_MS) this.#stop();
  }
}
