import type { BlkioStats, ContainerStats, CpuStats, MemoryStats, PidsStats } from './container-stats.js';

/** What the kernel tells of a Linux container: both versions of cgroups have their own translation into this. */
export interface LinuxStats {
  readonly cpu: Pick<CpuStats, 'cpu_usage' | 'throttling_data'>;
  readonly memory: MemoryStats;
  readonly blkio: BlkioStats;
  readonly pids: PidsStats;
}

/** The keys of `memory_stats.stats`, sorted as Go writes a map. */
export type MemoryKeys = NonNullable<ContainerStats['memory_stats']['stats']>;

/** "No limit" is a number larger than any host; clients divide by what the container can have at most. */
export function limitWithin(limit: bigint, hostMemoryBytes: bigint | undefined): bigint {
  const host = hostMemoryBytes ?? 0n;
  return host > 0n && limit > host ? host : limit;
}
