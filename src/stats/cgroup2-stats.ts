import type { Cgroup2CPUStat, Cgroup2MemoryStat, Cgroup2Metrics } from './cgroup2-metrics.js';
import type { BlkioStats, MemoryStats, PidsStats } from './container-stats.js';
import { type LinuxStats, limitWithin } from './linux-stats.js';

const NS_PER_USEC = 1_000n;

type MemoryCounter = Exclude<keyof Cgroup2MemoryStat, 'psi'>;

/** By the kernel's names in `memory.stat`, sorted as Go writes a map; each is the sum of its fields. */
const MEMORY_KEYS = {
  active_anon: ['activeAnon'],
  active_file: ['activeFile'],
  anon: ['anon'],
  anon_thp: ['anonThp'],
  file: ['file'],
  file_dirty: ['fileDirty'],
  file_mapped: ['fileMapped'],
  file_writeback: ['fileWriteback'],
  inactive_anon: ['inactiveAnon'],
  inactive_file: ['inactiveFile'],
  kernel_stack: ['kernelStack'],
  pgactivate: ['pgactivate'],
  pgdeactivate: ['pgdeactivate'],
  pgfault: ['pgfault'],
  pglazyfree: ['pglazyfree'],
  pglazyfreed: ['pglazyfreed'],
  pgmajfault: ['pgmajfault'],
  pgrefill: ['pgrefill'],
  pgscan: ['pgscan'],
  pgsteal: ['pgsteal'],
  shmem: ['shmem'],
  slab: ['slab'],
  slab_reclaimable: ['slabReclaimable'],
  slab_unreclaimable: ['slabUnreclaimable'],
  sock: ['sock'],
  thp_collapse_alloc: ['thpCollapseAlloc'],
  thp_fault_alloc: ['thpFaultAlloc'],
  unevictable: ['unevictable'],
  // Kernels from 5.9 on count these two by kind of page, and have no sum.
  workingset_activate: ['workingsetActivate', 'workingsetActivateAnon', 'workingsetActivateFile'],
  workingset_nodereclaim: ['workingsetNodereclaim'],
  workingset_refault: ['workingsetRefault', 'workingsetRefaultAnon', 'workingsetRefaultFile'],
} as const satisfies Record<string, readonly MemoryCounter[]>;

/**
 * As moby's `statsV2` (daemon/stats_unix.go), but what was not measured is absent instead of 0, and so is `failcnt`: moby
 * gives the count of OOMs there, where v1 counts how often the limit was hit.
 */
export function cgroup2Stats(metrics: Cgroup2Metrics, hostMemoryBytes: bigint | undefined): LinuxStats {
  return {
    cpu: cpuOf(metrics.cpu),
    memory: memoryOf(metrics.memory, hostMemoryBytes),
    blkio: blkioOf(metrics.io),
    pids: pidsOf(metrics.pids),
  };
}

// containerd sends the messages of CPU, memory and processes also when the cgroup has no such files: with zeros alone.

function cpuOf(cpu: Cgroup2CPUStat | undefined): LinuxStats['cpu'] {
  if (cpu === undefined || isAllZero(cpu)) return { cpu_usage: {} };
  return {
    cpu_usage: {
      total_usage: cpu.usageUsec * NS_PER_USEC,
      usage_in_kernelmode: cpu.systemUsec * NS_PER_USEC,
      usage_in_usermode: cpu.userUsec * NS_PER_USEC,
    },
    throttling_data: {
      periods: cpu.nrPeriods,
      throttled_periods: cpu.nrThrottled,
      throttled_time: cpu.throttledUsec * NS_PER_USEC,
    },
  };
}

function memoryOf(memory: Cgroup2MemoryStat | undefined, hostMemoryBytes: bigint | undefined): MemoryStats {
  if (memory === undefined || isAllZero(memory)) return {};
  const keys = Object.entries(MEMORY_KEYS).map(
    ([key, fields]) => [key, fields.reduce((sum, field) => sum + memory[field], 0n)] as const,
  );
  return {
    usage: memory.usage,
    stats: Object.fromEntries(keys),
    limit: limitWithin(memory.usageLimit, hostMemoryBytes),
  };
}

function blkioOf(io: Cgroup2Metrics['io']): BlkioStats {
  if (io === undefined) return {};
  const entries = io.usage.flatMap(({ major, minor, rbytes, wbytes }) => [
    { major, minor, op: 'read', value: rbytes },
    { major, minor, op: 'write', value: wbytes },
  ]);
  return { io_service_bytes_recursive: entries };
}

function pidsOf(pids: Cgroup2Metrics['pids']): PidsStats {
  return pids === undefined || isAllZero(pids) ? {} : { current: pids.current, limit: pids.limit };
}

function isAllZero(message: object): boolean {
  return Object.values(message).every((value) => value === 0n || typeof value !== 'bigint');
}
