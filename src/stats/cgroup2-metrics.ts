// What a cgroup v2 host reports (`io.containerd.cgroups.v2.Metrics`): names and units are the kernel's.
// "No limit" is 2^64 - 1.

export interface Cgroup2Metrics {
  readonly pids: Cgroup2PidsStat | undefined;
  readonly cpu: Cgroup2CPUStat | undefined;
  readonly memory: Cgroup2MemoryStat | undefined;
  readonly rdma: Cgroup2RdmaStat | undefined;
  readonly io: Cgroup2IOStat | undefined;
  readonly hugetlb: readonly Cgroup2HugeTlbStat[];
  readonly memoryEvents: Cgroup2MemoryEvents | undefined;
  readonly network: readonly Cgroup2NetworkStat[];
}

export interface Cgroup2PSIData {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly total: bigint;
}

export interface Cgroup2PSIStats {
  readonly some: Cgroup2PSIData | undefined;
  readonly full: Cgroup2PSIData | undefined;
}

export interface Cgroup2PidsStat {
  readonly current: bigint;
  readonly limit: bigint;
}

export interface Cgroup2CPUStat {
  readonly usageUsec: bigint;
  readonly userUsec: bigint;
  readonly systemUsec: bigint;
  readonly nrPeriods: bigint;
  readonly nrThrottled: bigint;
  readonly throttledUsec: bigint;
  readonly psi: Cgroup2PSIStats | undefined;
  readonly nrBursts: bigint;
  readonly burstUsec: bigint;
}

export interface Cgroup2MemoryStat {
  readonly anon: bigint;
  readonly file: bigint;
  readonly kernelStack: bigint;
  readonly slab: bigint;
  readonly sock: bigint;
  readonly shmem: bigint;
  readonly fileMapped: bigint;
  readonly fileDirty: bigint;
  readonly fileWriteback: bigint;
  readonly anonThp: bigint;
  readonly inactiveAnon: bigint;
  readonly activeAnon: bigint;
  readonly inactiveFile: bigint;
  readonly activeFile: bigint;
  readonly unevictable: bigint;
  readonly slabReclaimable: bigint;
  readonly slabUnreclaimable: bigint;
  readonly pgfault: bigint;
  readonly pgmajfault: bigint;
  readonly workingsetRefault: bigint;
  readonly workingsetActivate: bigint;
  readonly workingsetNodereclaim: bigint;
  readonly pgrefill: bigint;
  readonly pgscan: bigint;
  readonly pgsteal: bigint;
  readonly pgactivate: bigint;
  readonly pgdeactivate: bigint;
  readonly pglazyfree: bigint;
  readonly pglazyfreed: bigint;
  readonly thpFaultAlloc: bigint;
  readonly thpCollapseAlloc: bigint;
  readonly usage: bigint;
  readonly usageLimit: bigint;
  readonly swapUsage: bigint;
  readonly swapLimit: bigint;
  readonly maxUsage: bigint;
  readonly swapMaxUsage: bigint;
  readonly psi: Cgroup2PSIStats | undefined;
  readonly workingsetRefaultAnon: bigint;
  readonly workingsetRefaultFile: bigint;
  readonly workingsetActivateAnon: bigint;
  readonly workingsetActivateFile: bigint;
}

export interface Cgroup2MemoryEvents {
  readonly low: bigint;
  readonly high: bigint;
  readonly max: bigint;
  readonly oom: bigint;
  readonly oomKill: bigint;
  readonly oomGroupKill: bigint;
}

export interface Cgroup2RdmaStat {
  readonly current: readonly Cgroup2RdmaEntry[];
  readonly limit: readonly Cgroup2RdmaEntry[];
}

export interface Cgroup2RdmaEntry {
  readonly device: string;
  readonly hcaHandles: number;
  readonly hcaObjects: number;
}

export interface Cgroup2IOStat {
  readonly usage: readonly Cgroup2IOEntry[];
  readonly psi: Cgroup2PSIStats | undefined;
}

export interface Cgroup2IOEntry {
  readonly major: bigint;
  readonly minor: bigint;
  readonly rbytes: bigint;
  readonly wbytes: bigint;
  readonly rios: bigint;
  readonly wios: bigint;
}

export interface Cgroup2HugeTlbStat {
  readonly current: bigint;
  readonly max: bigint;
  readonly pagesize: string;
  readonly failcnt: bigint;
}

export interface Cgroup2NetworkStat {
  readonly name: string;
  readonly rxBytes: bigint;
  readonly rxPackets: bigint;
  readonly rxErrors: bigint;
  readonly rxDropped: bigint;
  readonly txBytes: bigint;
  readonly txPackets: bigint;
  readonly txErrors: bigint;
  readonly txDropped: bigint;
}
