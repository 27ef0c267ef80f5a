import type { Metric } from 'prom-client';
import type { CallOptions } from '../libcontainerd/types.js';

/** A source of metric families. Nothing is collected but when somebody scrapes. */
export interface Collector {
  /** In the order in which they are shown; each name belongs to one collector. */
  readonly metrics: readonly Metric[];
  /**
   * Sets all series for one scrape and drops those of what is gone. Gives way to the event loop at least every 10 ms. Rejects only when
   * there is nothing to show at all; then its families are left out and the scrape goes on.
   */
  collect(call: CallOptions): Promise<void>;
  /** Lets go of what it listens to. Idempotent. */
  close(): void;
}
