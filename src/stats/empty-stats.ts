import { type ContainerStats, type CpuStats, ZERO_TIME } from './container-stats.js';

/** Docker's Go structure without a value: these are written even then. */
export const NO_CPU: CpuStats = {
  cpu_usage: { total_usage: 0n, usage_in_kernelmode: 0n, usage_in_usermode: 0n },
  throttling_data: { periods: 0n, throttled_periods: 0n, throttled_time: 0n },
};

export interface EmptyStatsOptions {
  readonly id: string;
  /** With a slash, as Docker has it. */
  readonly name: string;
  readonly osType: ContainerStats['os_type'];
}

/** What Docker answers for a container that is not running, with all the zeros and nulls of its Go structure. */
export function emptyStats({ id, name, osType }: EmptyStatsOptions): ContainerStats {
  return {
    id,
    name,
    os_type: osType,
    read: ZERO_TIME,
    cpu_stats: NO_CPU,
    memory_stats: {},
    pids_stats: {},
    blkio_stats: {
      io_service_bytes_recursive: null,
      io_serviced_recursive: null,
      io_queue_recursive: null,
      io_service_time_recursive: null,
      io_wait_time_recursive: null,
      io_merged_recursive: null,
      io_time_recursive: null,
      sectors_recursive: null,
    },
    num_procs: 0,
    storage_stats: {},
    preread: ZERO_TIME,
    precpu_stats: NO_CPU,
  };
}
