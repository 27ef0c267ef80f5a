import process from 'node:process';
import type { CallOptions, Client } from '../../libcontainerd/types.js';
import type { ContainerStats } from '../../stats/container-stats.js';
import { type HostCpu, hostMemoryBytes, readHostCpu } from '../../stats/host-cpu.js';
import type { Metrics } from '../../stats/metrics.js';
import { type NetworkCounters, readNetworkCounters } from '../../stats/network-counters.js';

/** Where the parts of a sample come from. */
export interface SampleSource {
  /** For samples of what does not run. */
  readonly osType: ContainerStats['os_type'];
  readonly hostMemoryBytes: bigint | undefined;
  /** Of all these containers in one call, as `Client.stats`. */
  metrics(ids: readonly string[], call: CallOptions): Promise<Map<string, Metrics>>;
  hostCpu(signal: AbortSignal): Promise<HostCpu>;
  /** Of the network that a process is in; `undefined` when there is no such process any more. */
  networks(pid: number, signal: AbortSignal): Promise<NetworkCounters | undefined>;
}

/** The backend, and the host that it runs on. */
export function sampleSourceOf(client: Client): SampleSource {
  const { metrics } = client.capabilities;
  return {
    osType: metrics === 'windows' || process.platform === 'win32' ? 'windows' : 'linux',
    hostMemoryBytes: hostMemoryBytes(),
    metrics: async (ids, call) => (metrics === 'none' ? new Map() : client.stats(ids, call)),
    hostCpu: (signal) => readHostCpu({ signal }),
    networks: (pid, signal) => readNetworkCounters(pid, { signal }),
  };
}
