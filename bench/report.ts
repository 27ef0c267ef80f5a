/** What one measurement has to say. */
export interface Report {
  readonly title: string;
  /** How it was measured, in a sentence or two. */
  readonly method: string;
  /** Tables and lines under them, in markdown. */
  readonly blocks: readonly string[];
  readonly budgets: readonly Budget[];
  /** Everything, for the JSON file. */
  readonly figures: unknown;
}

/** A line of the design's table of budgets. */
export interface Budget {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  readonly isMet: boolean;
}

export interface BenchOptions {
  /** Of the measurements that alternate between contenders. */
  readonly rounds: number;
  /** Containers in the throughput measurement, for each contender. */
  readonly count: number;
}
