import { cgroup1Stats } from './cgroup1-stats.js';
import { cgroup2Stats } from './cgroup2-stats.js';
import { type ContainerStats, type NetworkStats, ZERO_TIME } from './container-stats.js';
import { NO_CPU } from './empty-stats.js';
import type { HostCpu } from './host-cpu.js';
import type { LinuxStats } from './linux-stats.js';
import type { Metrics } from './metrics.js';
import { unsupportedFields } from './unsupported-fields.js';
import { windowsStats } from './windows-stats.js';

export interface StatsSource {
  readonly id: string;
  /** With a slash, as Docker has it. */
  readonly name: string;
  readonly metrics: Metrics;
  /** Read right after the metrics. `undefined`: the fields made of it are reported as unsupported. */
  readonly hostCpu: HostCpu | undefined;
  /** What a larger memory limit is replaced by. `undefined`: limits are shown as they are. */
  readonly hostMemoryBytes: bigint | undefined;
  /** Of a container with a network of its own; no interfaces are as good as `undefined`. */
  readonly networks: Readonly<Record<string, NetworkStats>> | undefined;
  /** The sample before, of the same run of the container; its counters become `precpu_stats`. */
  readonly previous: ContainerStats | undefined;
}

/** The fields that a platform fills. */
type Measured = Pick<
  ContainerStats,
  'os_type' | 'cpu_stats' | 'memory_stats' | 'pids_stats' | 'blkio_stats' | 'num_procs' | 'storage_stats'
>;

/**
 * Docker's stats of a container from its raw metrics (moby daemon/stats_unix.go, stats_windows.go). README.md has the table of
 * fields; what was not measured is absent and named in `unsupported_fields`. Never throws.
 */
export function statsOf(source: StatsSource): ContainerStats {
  const { id, name, metrics, networks, previous } = source;
  const { os_type, cpu_stats, memory_stats, pids_stats, blkio_stats, num_procs, storage_stats } = measured(source);
  const sample = {
    id,
    name,
    os_type,
    read: metrics.readAt.toISOString(),
    cpu_stats,
    memory_stats,
    ...(networks === undefined || Object.keys(networks).length === 0 ? {} : { networks }),
    pids_stats,
    blkio_stats,
    num_procs,
    storage_stats,
    preread: previous?.read ?? ZERO_TIME,
    precpu_stats: previous?.cpu_stats ?? NO_CPU,
  };
  const kind = metrics.kind === 'windows' && os_type === 'linux' ? 'cgroup1' : metrics.kind;
  return { ...sample, unsupported_fields: unsupportedFields(sample, kind) };
}

function measured({ metrics, hostCpu, hostMemoryBytes }: StatsSource): Measured {
  switch (metrics.kind) {
    case 'cgroup1':
      return linux(cgroup1Stats(metrics.data, hostMemoryBytes), hostCpu);
    case 'cgroup2':
      return linux(cgroup2Stats(metrics.data, hostMemoryBytes), hostCpu);
    case 'windows': {
      const num_procs = hostCpu?.onlineCpus ?? 0;
      const { windows, linux: inVm } = metrics.data;
      // A Linux container in a virtual machine of its own: the host's CPUs and CPU time are not those it runs on.
      if (windows === undefined && inVm !== undefined) {
        return { ...linux(cgroup1Stats(inVm, hostMemoryBytes), undefined), num_procs };
      }
      const { cpu, memory, storage } = windowsStats(windows);
      return {
        os_type: 'windows',
        cpu_stats: cpu,
        memory_stats: memory,
        pids_stats: {},
        blkio_stats: {},
        num_procs,
        storage_stats: storage,
      };
    }
  }
}

function linux({ cpu, memory, pids, blkio }: LinuxStats, hostCpu: HostCpu | undefined): Measured {
  const { cpu_usage, throttling_data } = cpu;
  return {
    os_type: 'linux',
    cpu_stats: {
      cpu_usage,
      ...(hostCpu?.usageNs === undefined ? {} : { system_cpu_usage: hostCpu.usageNs }),
      ...(hostCpu === undefined ? {} : { online_cpus: hostCpu.onlineCpus }),
      ...(throttling_data === undefined ? {} : { throttling_data }),
    },
    memory_stats: memory,
    pids_stats: pids,
    blkio_stats: blkio,
    num_procs: 0,
    storage_stats: {},
  };
}
