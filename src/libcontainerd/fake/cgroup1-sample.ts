import type { Cgroup1MemoryStat, Cgroup1Metrics } from '../../stats/cgroup1-metrics.js';
import type { SampleFacts } from './sample-facts.js';

/** What cgroup v1 reports where no limit is set: the largest multiple of a page. */
const NO_LIMIT = 9_223_372_036_854_771_712n;

export function cgroup1Sample(facts: SampleFacts): Cgroup1Metrics {
  const { cpuNs } = facts;
  return {
    hugetlb: [],
    // cgroup v1 says 0 for "max", as cgroups does when it reads the file.
    pids: { current: facts.processes, limit: facts.pidsLimit ?? 0n },
    cpu: {
      usage: { total: cpuNs, kernel: 0n, user: cpuNs, perCpu: [cpuNs] },
      throttling: { periods: 0n, throttledPeriods: 0n, throttledTime: 0n },
    },
    memory: memorySample(facts),
    blkio: {
      ioServiceBytesRecursive: [],
      ioServicedRecursive: [],
      ioQueuedRecursive: [],
      ioServiceTimeRecursive: [],
      ioWaitTimeRecursive: [],
      ioMergedRecursive: [],
      ioTimeRecursive: [],
      sectorsRecursive: [],
    },
    rdma: undefined,
    network: [],
    cgroupStats: undefined,
    memoryOomControl: { oomKillDisable: 0n, underOom: 0n, oomKill: facts.oomKills },
  };
}

function memorySample({ memoryBytes, memoryLimit = NO_LIMIT }: SampleFacts): Cgroup1MemoryStat {
  const usage = { limit: memoryLimit, usage: memoryBytes, max: memoryBytes, failcnt: 0n };
  const none = { limit: NO_LIMIT, usage: 0n, max: 0n, failcnt: 0n };
  return {
    cache: 0n,
    rss: memoryBytes,
    rssHuge: 0n,
    mappedFile: 0n,
    dirty: 0n,
    writeback: 0n,
    pgPgIn: 0n,
    pgPgOut: 0n,
    pgFault: 0n,
    pgMajFault: 0n,
    inactiveAnon: 0n,
    activeAnon: memoryBytes,
    inactiveFile: 0n,
    activeFile: 0n,
    unevictable: 0n,
    hierarchicalMemoryLimit: memoryLimit,
    hierarchicalSwapLimit: NO_LIMIT,
    totalCache: 0n,
    totalRss: memoryBytes,
    totalRssHuge: 0n,
    totalMappedFile: 0n,
    totalDirty: 0n,
    totalWriteback: 0n,
    totalPgPgIn: 0n,
    totalPgPgOut: 0n,
    totalPgFault: 0n,
    totalPgMajFault: 0n,
    totalInactiveAnon: 0n,
    totalActiveAnon: memoryBytes,
    totalInactiveFile: 0n,
    totalActiveFile: 0n,
    totalUnevictable: 0n,
    usage,
    swap: { ...usage, limit: NO_LIMIT },
    kernel: none,
    kernelTcp: none,
  };
}
