import type { ContainerStats } from './container-stats.js';

type Sample = Omit<ContainerStats, 'unsupported_fields'>;

/** What Docker reports of every container. */
const CPU_FIELDS = [
  'cpu_stats.cpu_usage.total_usage',
  'cpu_stats.cpu_usage.usage_in_kernelmode',
  'cpu_stats.cpu_usage.usage_in_usermode',
] as const;

/** What Docker reports of Linux containers. Clients look for these everywhere, so they are named on Windows as well. */
const LINUX_FIELDS = [
  'blkio_stats.io_merged_recursive',
  'blkio_stats.io_queue_recursive',
  'blkio_stats.io_service_bytes_recursive',
  'blkio_stats.io_service_time_recursive',
  'blkio_stats.io_serviced_recursive',
  'blkio_stats.io_time_recursive',
  'blkio_stats.io_wait_time_recursive',
  'blkio_stats.sectors_recursive',
  'cpu_stats.cpu_usage.percpu_usage',
  'cpu_stats.online_cpus',
  'cpu_stats.system_cpu_usage',
  'cpu_stats.throttling_data.periods',
  'cpu_stats.throttling_data.throttled_periods',
  'cpu_stats.throttling_data.throttled_time',
  'memory_stats.failcnt',
  'memory_stats.limit',
  'memory_stats.max_usage',
  'memory_stats.stats',
  'memory_stats.usage',
  'pids_stats.current',
  'pids_stats.limit',
] as const;

/** What Docker reports of Windows containers only; on Linux nobody looks for it. */
const WINDOWS_FIELDS = [
  'memory_stats.commitbytes',
  'memory_stats.commitpeakbytes',
  'memory_stats.privateworkingset',
  'storage_stats.read_count_normalized',
  'storage_stats.read_size_bytes',
  'storage_stats.write_count_normalized',
  'storage_stats.write_size_bytes',
] as const;

const MEMSW_KEY = 'hierarchical_memsw_limit';

/** The paths of what a sample lacks since it was not measured, sorted. */
export function unsupportedFields(sample: Sample, kind: 'cgroup1' | 'cgroup2' | 'windows'): string[] {
  const fields = [...CPU_FIELDS, ...LINUX_FIELDS, ...(kind === 'windows' ? WINDOWS_FIELDS : [])];
  const absent = new Set<string>(fields.filter((path) => !has(sample, path)));
  if (kind === 'cgroup1') {
    // Without a limit there is none to report.
    if (sample.pids_stats.current !== undefined) absent.delete('pids_stats.limit');
    const { stats } = sample.memory_stats;
    if (stats !== undefined && !Object.hasOwn(stats, MEMSW_KEY)) absent.add(`memory_stats.stats.${MEMSW_KEY}`);
  }
  for (const counter of ['rx_errors', 'tx_errors'] as const) {
    const isCounted = Object.values(sample.networks ?? {}).every((network) => network[counter] !== undefined);
    if (!isCounted) absent.add(`networks.*.${counter}`);
  }
  return [...absent].sort();
}

function has(sample: Sample, path: string): boolean {
  let at: unknown = sample;
  for (const key of path.split('.')) {
    if (typeof at !== 'object' || at === null) return false;
    at = Reflect.get(at, key);
  }
  return at !== undefined;
}
