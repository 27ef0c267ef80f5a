import type { Cgroup2MemoryStat, Cgroup2Metrics } from '../../stats/cgroup2-metrics.js';
import type { SampleFacts } from './sample-facts.js';

/** How `max` travels. */
const NO_LIMIT = 2n ** 64n - 1n;
const NS_PER_US = 1000n;

export function cgroup2Sample(facts: SampleFacts): Cgroup2Metrics {
  const usageUsec = facts.cpuNs / NS_PER_US;
  return {
    // containerd's cgroups gives 0 for "max" here, unlike for memory.
    pids: { current: facts.processes, limit: facts.pidsLimit ?? 0n },
    cpu: {
      usageUsec,
      userUsec: usageUsec,
      systemUsec: 0n,
      nrPeriods: 0n,
      nrThrottled: 0n,
      throttledUsec: 0n,
      psi: undefined,
      nrBursts: 0n,
      burstUsec: 0n,
    },
    memory: memorySample(facts),
    rdma: undefined,
    io: { usage: [], psi: undefined },
    hugetlb: [],
    memoryEvents: {
      low: 0n,
      high: 0n,
      max: facts.oomKills,
      oom: facts.oomKills,
      oomKill: facts.oomKills,
      oomGroupKill: 0n,
    },
    network: [],
  };
}

function memorySample({ memoryBytes, memoryLimit = NO_LIMIT }: SampleFacts): Cgroup2MemoryStat {
  return {
    anon: memoryBytes,
    file: 0n,
    kernelStack: 0n,
    slab: 0n,
    sock: 0n,
    shmem: 0n,
    fileMapped: 0n,
    fileDirty: 0n,
    fileWriteback: 0n,
    anonThp: 0n,
    inactiveAnon: 0n,
    activeAnon: memoryBytes,
    inactiveFile: 0n,
    activeFile: 0n,
    unevictable: 0n,
    slabReclaimable: 0n,
    slabUnreclaimable: 0n,
    pgfault: 0n,
    pgmajfault: 0n,
    workingsetRefault: 0n,
    workingsetActivate: 0n,
    workingsetNodereclaim: 0n,
    pgrefill: 0n,
    pgscan: 0n,
    pgsteal: 0n,
    pgactivate: 0n,
    pgdeactivate: 0n,
    pglazyfree: 0n,
    pglazyfreed: 0n,
    thpFaultAlloc: 0n,
    thpCollapseAlloc: 0n,
    usage: memoryBytes,
    usageLimit: memoryLimit,
    swapUsage: 0n,
    swapLimit: NO_LIMIT,
    maxUsage: memoryBytes,
    swapMaxUsage: 0n,
    psi: undefined,
    workingsetRefaultAnon: 0n,
    workingsetRefaultFile: 0n,
    workingsetActivateAnon: 0n,
    workingsetActivateFile: 0n,
  };
}
