import type { ContainerStats } from '../../stats/container-stats.js';
import { statsOf } from '../../stats/container-stats-of.js';
import type { HostCpu } from '../../stats/host-cpu.js';
import type { Metrics } from '../../stats/metrics.js';
import type { SampleSource } from './sample-source.js';
import type { PreviousSample, SampledContainer, SampledRun } from './sampled-container.js';

export interface SampleParts {
  readonly container: SampledContainer;
  /** What the metrics are of. */
  readonly run: SampledRun;
  readonly metrics: Metrics;
  readonly hostCpu: HostCpu;
  readonly previous: PreviousSample | undefined;
  readonly signal: AbortSignal;
}

/** Docker's JSON of one sample, with the counters of its network. What came before counts only within the same run. */
export async function assembleSample(source: SampleSource, parts: SampleParts): Promise<ContainerStats> {
  const { container, run, metrics, hostCpu, previous, signal } = parts;
  const { id, name } = container;
  return statsOf({
    id,
    name,
    metrics,
    hostCpu,
    hostMemoryBytes: source.hostMemoryBytes,
    networks: await networksOf(source, container, run, signal),
    previous: previous?.run === run.number ? previous.stats : undefined,
  });
}

async function networksOf(source: SampleSource, container: SampledContainer, run: SampledRun, signal: AbortSignal) {
  if (run.networkPid === undefined) return undefined;
  const networks = await source.networks(run.networkPid, signal);
  // After its end the pid may be somebody else's.
  return container.run?.number === run.number ? networks : undefined;
}
