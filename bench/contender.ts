/** One way to start containers that run `sleep`, all from the same config.json and root file system. */
export interface Contender {
  readonly name: string;
  /** Settles when the next start finds what it may have been prepared for. */
  ready(): Promise<void>;
  /** From nothing to running; milliseconds, the steps apart where the contender has any. */
  start(id: string): Promise<StartTime>;
  /** Milliseconds until all run, so many at a time. */
  startAll(ids: readonly string[], concurrency: number): Promise<number>;
  remove(ids: readonly string[]): Promise<void>;
}

export interface StartTime {
  readonly totalMs: number;
  readonly stepsMs: readonly number[];
}
