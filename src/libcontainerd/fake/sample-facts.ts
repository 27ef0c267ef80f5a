/** The numbers behind a sample: small, plausible, and the limits are those that were set. */
export interface SampleFacts {
  readonly processes: bigint;
  readonly memoryBytes: bigint;
  readonly cpuNs: bigint;
  readonly oomKills: bigint;
  readonly memoryLimit: bigint | undefined;
  readonly pidsLimit: bigint | undefined;
}
