// What a cgroup v1 host reports (`io.containerd.cgroups.v1.Metrics`): names and units are the kernel's. Times in ns.

export interface Cgroup1Metrics {
  readonly hugetlb: readonly Cgroup1HugetlbStat[];
  readonly pids: Cgroup1PidsStat | undefined;
  readonly cpu: Cgroup1CPUStat | undefined;
  readonly memory: Cgroup1MemoryStat | undefined;
  readonly blkio: Cgroup1BlkIOStat | undefined;
  readonly rdma: Cgroup1RdmaStat | undefined;
  readonly network: readonly Cgroup1NetworkStat[];
  readonly cgroupStats: Cgroup1CgroupStats | undefined;
  readonly memoryOomControl: Cgroup1MemoryOomControl | undefined;
}

export interface Cgroup1HugetlbStat {
  readonly usage: bigint;
  readonly max: bigint;
  readonly failcnt: bigint;
  readonly pagesize: string;
}

export interface Cgroup1PidsStat {
  readonly current: bigint;
  readonly limit: bigint;
}

export interface Cgroup1CPUStat {
  readonly usage: Cgroup1CPUUsage | undefined;
  readonly throttling: Cgroup1Throttle | undefined;
}

export interface Cgroup1CPUUsage {
  readonly total: bigint;
  readonly kernel: bigint;
  readonly user: bigint;
  readonly perCpu: readonly bigint[];
}

export interface Cgroup1Throttle {
  readonly periods: bigint;
  readonly throttledPeriods: bigint;
  readonly throttledTime: bigint;
}

export interface Cgroup1MemoryStat {
  readonly cache: bigint;
  readonly rss: bigint;
  readonly rssHuge: bigint;
  readonly mappedFile: bigint;
  readonly dirty: bigint;
  readonly writeback: bigint;
  readonly pgPgIn: bigint;
  readonly pgPgOut: bigint;
  readonly pgFault: bigint;
  readonly pgMajFault: bigint;
  readonly inactiveAnon: bigint;
  readonly activeAnon: bigint;
  readonly inactiveFile: bigint;
  readonly activeFile: bigint;
  readonly unevictable: bigint;
  readonly hierarchicalMemoryLimit: bigint;
  readonly hierarchicalSwapLimit: bigint;
  readonly totalCache: bigint;
  readonly totalRss: bigint;
  readonly totalRssHuge: bigint;
  readonly totalMappedFile: bigint;
  readonly totalDirty: bigint;
  readonly totalWriteback: bigint;
  readonly totalPgPgIn: bigint;
  readonly totalPgPgOut: bigint;
  readonly totalPgFault: bigint;
  readonly totalPgMajFault: bigint;
  readonly totalInactiveAnon: bigint;
  readonly totalActiveAnon: bigint;
  readonly totalInactiveFile: bigint;
  readonly totalActiveFile: bigint;
  readonly totalUnevictable: bigint;
  readonly usage: Cgroup1MemoryEntry | undefined;
  readonly swap: Cgroup1MemoryEntry | undefined;
  readonly kernel: Cgroup1MemoryEntry | undefined;
  readonly kernelTcp: Cgroup1MemoryEntry | undefined;
}

export interface Cgroup1MemoryEntry {
  readonly limit: bigint;
  readonly usage: bigint;
  readonly max: bigint;
  readonly failcnt: bigint;
}

export interface Cgroup1MemoryOomControl {
  readonly oomKillDisable: bigint;
  readonly underOom: bigint;
  readonly oomKill: bigint;
}

export interface Cgroup1BlkIOStat {
  readonly ioServiceBytesRecursive: readonly Cgroup1BlkIOEntry[];
  readonly ioServicedRecursive: readonly Cgroup1BlkIOEntry[];
  readonly ioQueuedRecursive: readonly Cgroup1BlkIOEntry[];
  readonly ioServiceTimeRecursive: readonly Cgroup1BlkIOEntry[];
  readonly ioWaitTimeRecursive: readonly Cgroup1BlkIOEntry[];
  readonly ioMergedRecursive: readonly Cgroup1BlkIOEntry[];
  readonly ioTimeRecursive: readonly Cgroup1BlkIOEntry[];
  readonly sectorsRecursive: readonly Cgroup1BlkIOEntry[];
}

export interface Cgroup1BlkIOEntry {
  readonly op: string;
  readonly device: string;
  readonly major: bigint;
  readonly minor: bigint;
  readonly value: bigint;
}

export interface Cgroup1RdmaStat {
  readonly current: readonly Cgroup1RdmaEntry[];
  readonly limit: readonly Cgroup1RdmaEntry[];
}

export interface Cgroup1RdmaEntry {
  readonly device: string;
  readonly hcaHandles: number;
  readonly hcaObjects: number;
}

export interface Cgroup1NetworkStat {
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

export interface Cgroup1CgroupStats {
  readonly nrSleeping: bigint;
  readonly nrRunning: bigint;
  readonly nrStopped: bigint;
  readonly nrUninterruptible: bigint;
  readonly nrIoWait: bigint;
}
