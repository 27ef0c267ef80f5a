import type { Cgroup1Metrics } from './cgroup1-metrics.js';

// What runhcs reports (`containerd.runhcs.stats.v1.Statistics`). Linux containers on Windows fill `linux`.

export interface WindowsStatistics {
  readonly windows?: WindowsContainerStatistics | undefined;
  readonly linux?: Cgroup1Metrics | undefined;
  readonly vm: VirtualMachineStatistics | undefined;
}

export interface WindowsContainerStatistics {
  readonly timestamp: Date | undefined;
  readonly containerStartTime: Date | undefined;
  readonly uptimeNs: bigint;
  readonly processor: WindowsContainerProcessorStatistics | undefined;
  readonly memory: WindowsContainerMemoryStatistics | undefined;
  readonly storage: WindowsContainerStorageStatistics | undefined;
}

export interface WindowsContainerProcessorStatistics {
  readonly totalRuntimeNs: bigint;
  readonly runtimeUserNs: bigint;
  readonly runtimeKernelNs: bigint;
}

export interface WindowsContainerMemoryStatistics {
  readonly memoryUsageCommitBytes: bigint;
  readonly memoryUsageCommitPeakBytes: bigint;
  readonly memoryUsagePrivateWorkingSetBytes: bigint;
}

export interface WindowsContainerStorageStatistics {
  readonly readCountNormalized: bigint;
  readonly readSizeBytes: bigint;
  readonly writeCountNormalized: bigint;
  readonly writeSizeBytes: bigint;
}

export interface VirtualMachineStatistics {
  readonly processor: VirtualMachineProcessorStatistics | undefined;
  readonly memory: VirtualMachineMemoryStatistics | undefined;
}

export interface VirtualMachineProcessorStatistics {
  readonly totalRuntimeNs: bigint;
}

export interface VirtualMachineMemoryStatistics {
  readonly workingSetBytes: bigint;
  readonly virtualNodeCount: number;
  readonly vmMemory: VirtualMachineMemory | undefined;
}

export interface VirtualMachineMemory {
  readonly availableMemory: number;
  readonly availableMemoryBuffer: number;
  readonly reservedMemory: bigint;
  readonly assignedMemory: bigint;
  readonly slpActive: boolean;
  readonly balancingEnabled: boolean;
  readonly dmOperationInProgress: boolean;
}
