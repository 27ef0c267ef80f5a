import type { CpuStats, MemoryStats, StorageStats } from './container-stats.js';
import type { WindowsContainerProcessorStatistics, WindowsContainerStatistics } from './windows-statistics.js';

/** Docker's unit of CPU time on Windows, that of HCS. */
const NS_PER_UNIT = 100n;

export interface WindowsStats {
  readonly cpu: CpuStats;
  readonly memory: MemoryStats;
  readonly storage: StorageStats;
}

/** As moby's daemon/stats_windows.go does from HCS, but what was not measured is absent instead of 0. */
export function windowsStats(statistics: WindowsContainerStatistics | undefined): WindowsStats {
  const memory = statistics?.memory;
  const storage = statistics?.storage;
  return {
    cpu: { cpu_usage: usageOf(statistics?.processor) },
    memory:
      memory === undefined
        ? {}
        : {
            commitbytes: memory.memoryUsageCommitBytes,
            commitpeakbytes: memory.memoryUsageCommitPeakBytes,
            privateworkingset: memory.memoryUsagePrivateWorkingSetBytes,
          },
    storage:
      storage === undefined
        ? {}
        : {
            read_count_normalized: storage.readCountNormalized,
            read_size_bytes: storage.readSizeBytes,
            write_count_normalized: storage.writeCountNormalized,
            write_size_bytes: storage.writeSizeBytes,
          },
  };
}

function usageOf(processor: WindowsContainerProcessorStatistics | undefined): CpuStats['cpu_usage'] {
  if (processor === undefined) return {};
  const { totalRuntimeNs: total, runtimeKernelNs: kernel, runtimeUserNs: user } = processor;
  // Of a Hyper-V container the host knows the total only.
  const isSplit = total === 0n || kernel > 0n || user > 0n;
  return {
    total_usage: total / NS_PER_UNIT,
    ...(isSplit ? { usage_in_kernelmode: kernel / NS_PER_UNIT, usage_in_usermode: user / NS_PER_UNIT } : {}),
  };
}
