/**
 * One sample of a container in the shape and with the names of Docker's stats JSON. Counters are `bigint`: they pass 2^53.
 *
 * A field that the platform cannot report is absent and named in `unsupported_fields`; 0 always means that it was measured.
 * What is absent without being named has no value now, as `pids_stats.limit` without a limit on cgroup v1. README.md has the
 * table of fields by platform. An empty sample (`emptyStats`) is the exception: all that Docker always writes is 0 or null in it.
 */
export interface ContainerStats {
  readonly id: string;
  /** With a slash, as Docker has it. */
  readonly name: string;
  readonly os_type: 'linux' | 'windows';
  /** When it was sampled: ISO 8601 in UTC, to the millisecond; `ZERO_TIME` in an empty sample. */
  readonly read: string;
  readonly cpu_stats: CpuStats;
  readonly memory_stats: MemoryStats;
  /** By interface; absent when the container has no network of its own. */
  readonly networks?: Readonly<Record<string, NetworkStats>>;
  /** `{}` on Windows, as the next. */
  readonly pids_stats: PidsStats;
  readonly blkio_stats: BlkioStats;
  /** Of the host on Windows; Docker documents it as 0 on Linux. */
  readonly num_procs: number;
  /** `{}` on Linux. */
  readonly storage_stats: StorageStats;
  /** Of the sample before; `ZERO_TIME` when there was none. */
  readonly preread: string;
  /** Zeros when there was none. */
  readonly precpu_stats: CpuStats;
  /** Paths such as `cpu_stats.cpu_usage.percpu_usage`, sorted. Absent in an empty sample. */
  readonly unsupported_fields?: readonly string[];
}

/** What Go prints for a time that was never set. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** Times in ns; on Windows in units of 100 ns. */
export interface CpuStats {
  readonly cpu_usage: {
    readonly total_usage?: bigint;
    readonly percpu_usage?: readonly bigint[];
    readonly usage_in_kernelmode?: bigint;
    readonly usage_in_usermode?: bigint;
  };
  /** Of the whole host, in ns. */
  readonly system_cpu_usage?: bigint;
  readonly online_cpus?: number;
  readonly throttling_data?: {
    readonly periods: bigint;
    readonly throttled_periods: bigint;
    readonly throttled_time: bigint;
  };
}

/** Bytes. */
export interface MemoryStats {
  readonly usage?: bigint;
  readonly max_usage?: bigint;
  /** The kernel's names: `total_inactive_file` on cgroup v1, `inactive_file` on v2... */
  readonly stats?: Readonly<Record<string, bigint>>;
  readonly failcnt?: bigint;
  readonly limit?: bigint;
  readonly commitbytes?: bigint;
  readonly commitpeakbytes?: bigint;
  readonly privateworkingset?: bigint;
}

export interface BlkioEntry {
  readonly major: bigint;
  readonly minor: bigint;
  /** `Read`, `Write`... on cgroup v1; `read` and `write` on v2. */
  readonly op: string;
  readonly value: bigint;
}

/** A list is empty when there was no I/O, and null in an empty sample only. */
export interface BlkioStats {
  readonly io_service_bytes_recursive?: readonly BlkioEntry[] | null;
  readonly io_serviced_recursive?: readonly BlkioEntry[] | null;
  readonly io_queue_recursive?: readonly BlkioEntry[] | null;
  readonly io_service_time_recursive?: readonly BlkioEntry[] | null;
  readonly io_wait_time_recursive?: readonly BlkioEntry[] | null;
  readonly io_merged_recursive?: readonly BlkioEntry[] | null;
  readonly io_time_recursive?: readonly BlkioEntry[] | null;
  readonly sectors_recursive?: readonly BlkioEntry[] | null;
}

export interface PidsStats {
  readonly current?: bigint;
  readonly limit?: bigint;
}

export interface NetworkStats {
  readonly rx_bytes: bigint;
  readonly rx_packets: bigint;
  /** Absent on Windows, which does not count them. */
  readonly rx_errors?: bigint;
  readonly rx_dropped: bigint;
  readonly tx_bytes: bigint;
  readonly tx_packets: bigint;
  readonly tx_errors?: bigint;
  readonly tx_dropped: bigint;
  readonly endpoint_id?: string;
  readonly instance_id?: string;
}

export interface StorageStats {
  readonly read_count_normalized?: bigint;
  readonly read_size_bytes?: bigint;
  readonly write_count_normalized?: bigint;
  readonly write_size_bytes?: bigint;
}
