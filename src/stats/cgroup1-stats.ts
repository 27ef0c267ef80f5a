import type { Cgroup1BlkIOEntry, Cgroup1MemoryStat, Cgroup1Metrics } from './cgroup1-metrics.js';
import type { BlkioEntry, BlkioStats, CpuStats, MemoryStats, PidsStats } from './container-stats.js';
import { type LinuxStats, limitWithin, type MemoryKeys } from './linux-stats.js';

type MemoryCounter = Exclude<keyof Cgroup1MemoryStat, 'usage' | 'swap' | 'kernel' | 'kernelTcp'>;

/** By the kernel's names in `memory.stat`, sorted as Go writes a map. */
const MEMORY_KEYS = {
  active_anon: 'activeAnon',
  active_file: 'activeFile',
  cache: 'cache',
  dirty: 'dirty',
  hierarchical_memory_limit: 'hierarchicalMemoryLimit',
  hierarchical_memsw_limit: 'hierarchicalSwapLimit',
  inactive_anon: 'inactiveAnon',
  inactive_file: 'inactiveFile',
  mapped_file: 'mappedFile',
  pgfault: 'pgFault',
  pgmajfault: 'pgMajFault',
  pgpgin: 'pgPgIn',
  pgpgout: 'pgPgOut',
  rss: 'rss',
  rss_huge: 'rssHuge',
  total_active_anon: 'totalActiveAnon',
  total_active_file: 'totalActiveFile',
  total_cache: 'totalCache',
  total_dirty: 'totalDirty',
  total_inactive_anon: 'totalInactiveAnon',
  total_inactive_file: 'totalInactiveFile',
  total_mapped_file: 'totalMappedFile',
  total_pgfault: 'totalPgFault',
  total_pgmajfault: 'totalPgMajFault',
  total_pgpgin: 'totalPgPgIn',
  total_pgpgout: 'totalPgPgOut',
  total_rss: 'totalRss',
  total_rss_huge: 'totalRssHuge',
  total_unevictable: 'totalUnevictable',
  total_writeback: 'totalWriteback',
  unevictable: 'unevictable',
  writeback: 'writeback',
} as const satisfies Record<string, MemoryCounter>;

/** As moby's `statsV1` (daemon/stats_unix.go), but what was not measured is absent instead of 0. */
export function cgroup1Stats(metrics: Cgroup1Metrics, hostMemoryBytes: bigint | undefined): LinuxStats {
  return {
    cpu: cpuOf(metrics.cpu),
    memory: memoryOf(metrics.memory, hostMemoryBytes),
    blkio: blkioOf(metrics.blkio),
    pids: pidsOf(metrics.pids),
  };
}

function cpuOf(cpu: Cgroup1Metrics['cpu']): LinuxStats['cpu'] {
  const throttling = cpu?.throttling;
  return {
    cpu_usage: usageOf(cpu?.usage),
    ...(throttling === undefined
      ? {}
      : {
          throttling_data: {
            periods: throttling.periods,
            throttled_periods: throttling.throttledPeriods,
            throttled_time: throttling.throttledTime,
          },
        }),
  };
}

function usageOf(usage: NonNullable<Cgroup1Metrics['cpu']>['usage']): CpuStats['cpu_usage'] {
  // containerd sends the message also without cpuacct: then it has no CPU in it.
  if (usage === undefined || (usage.total === 0n && usage.perCpu.length === 0)) return {};
  return {
    total_usage: usage.total,
    ...(usage.perCpu.length === 0 ? {} : { percpu_usage: usage.perCpu }),
    usage_in_kernelmode: usage.kernel,
    usage_in_usermode: usage.user,
  };
}

function memoryOf(memory: Cgroup1MemoryStat | undefined, hostMemoryBytes: bigint | undefined): MemoryStats {
  if (memory === undefined) return {};
  const { usage } = memory;
  const stats = memoryKeys(memory);
  if (usage === undefined) return { stats };
  return {
    usage: usage.usage,
    max_usage: usage.max,
    stats,
    failcnt: usage.failcnt,
    limit: limitWithin(usage.limit, hostMemoryBytes),
  };
}

function memoryKeys(memory: Cgroup1MemoryStat): MemoryKeys {
  const all = Object.entries(MEMORY_KEYS).map(([key, field]) => [key, memory[field]] as const);
  // A limit is never 0 where swap is accounted.
  return Object.fromEntries(all.filter(([key, value]) => key !== 'hierarchical_memsw_limit' || value !== 0n));
}

function blkioOf(blkio: Cgroup1Metrics['blkio']): BlkioStats {
  if (blkio === undefined) return {};
  return {
    io_service_bytes_recursive: blkio.ioServiceBytesRecursive.map(entryOf),
    io_serviced_recursive: blkio.ioServicedRecursive.map(entryOf),
    ...ifAny('io_queue_recursive', blkio.ioQueuedRecursive),
    ...ifAny('io_service_time_recursive', blkio.ioServiceTimeRecursive),
    ...ifAny('io_wait_time_recursive', blkio.ioWaitTimeRecursive),
    ...ifAny('io_merged_recursive', blkio.ioMergedRecursive),
    ...ifAny('io_time_recursive', blkio.ioTimeRecursive),
    ...ifAny('sectors_recursive', blkio.sectorsRecursive),
  };
}

/** Only the CFQ scheduler counts these, and kernels from 5.0 on do not have it. The message cannot tell that from "none". */
function ifAny(name: keyof BlkioStats, entries: readonly Cgroup1BlkIOEntry[]): BlkioStats {
  return entries.length === 0 ? {} : { [name]: entries.map(entryOf) };
}

function entryOf({ major, minor, op, value }: Cgroup1BlkIOEntry): BlkioEntry {
  return { major, minor, op, value };
}

function pidsOf(pids: Cgroup1Metrics['pids']): PidsStats {
  if (pids === undefined) return {};
  // 0 is how the message says "max".
  return { current: pids.current, ...(pids.limit === 0n ? {} : { limit: pids.limit }) };
}
