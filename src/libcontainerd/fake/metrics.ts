import type { LinuxResources } from '../../oci/runtime-spec.js';
import type { Metrics } from '../../stats/metrics.js';
import type { Capabilities } from '../types.js';
import { cgroup1Sample } from './cgroup1-sample.js';
import { cgroup2Sample } from './cgroup2-sample.js';
import type { HostTask } from './host-task.js';
import type { SampleFacts } from './sample-facts.js';

const BYTES_PER_PROCESS = 1024n * 1024n;
const CPU_NS_PER_PROCESS = 10_000_000n;

/** What `Tasks.Metrics` of the host says; `undefined` where it reports no statistics. */
export function sampleOf(task: HostTask, kind: Capabilities['metrics'], now: Date): Metrics | undefined {
  const facts = factsOf(task);
  switch (kind) {
    case 'cgroup1':
      return { kind, readAt: now, data: cgroup1Sample(facts) };
    case 'cgroup2':
      return { kind, readAt: now, data: cgroup2Sample(facts) };
    case 'windows':
      return { kind, readAt: now, data: { windows: windowsSample(facts, now), vm: undefined } };
    case 'none':
      return undefined;
  }
}

function factsOf(task: HostTask): SampleFacts {
  const processes = BigInt(task.processes().length);
  return {
    processes,
    memoryBytes: processes * BYTES_PER_PROCESS,
    cpuNs: processes * CPU_NS_PER_PROCESS,
    oomKills: BigInt(task.oomKills),
    memoryLimit: limitOf(task.resources.memory?.limit),
    pidsLimit: limitOf(task.resources.pids?.limit),
  };
}

function limitOf(value: LinuxResources['memory'] | number | boolean | undefined): bigint | undefined {
  return typeof value === 'number' && value > 0 ? BigInt(value) : undefined;
}

function windowsSample({ cpuNs, memoryBytes }: SampleFacts, now: Date) {
  return {
    timestamp: now,
    containerStartTime: undefined,
    uptimeNs: 1_000_000_000n,
    processor: { totalRuntimeNs: cpuNs, runtimeUserNs: cpuNs, runtimeKernelNs: 0n },
    memory: {
      memoryUsageCommitBytes: memoryBytes,
      memoryUsageCommitPeakBytes: memoryBytes,
      memoryUsagePrivateWorkingSetBytes: memoryBytes,
    },
    storage: { readCountNormalized: 0n, readSizeBytes: 0n, writeCountNormalized: 0n, writeSizeBytes: 0n },
  };
}
