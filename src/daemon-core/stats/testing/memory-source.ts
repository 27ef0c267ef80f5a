import { cgroup1Sample } from '../../../libcontainerd/fake/cgroup1-sample.js';
import type { CallOptions } from '../../../libcontainerd/types.js';
import type { Metrics } from '../../../stats/metrics.js';
import type { NetworkCounters } from '../../../stats/network-counters.js';
import type { SampleSource } from '../sample-source.js';

/** A backend in memory that answers as the test says; its CPU counters rise with each call. */
export class MemorySource implements SampleSource {
  readonly osType = 'linux';
  readonly hostMemoryBytes = 1n << 30n;
  /** The ids of each call. */
  readonly calls: (readonly string[])[] = [];
  /** What was read of the host, in order. */
  readonly reads: string[] = [];
  /** Ids that have no sample. */
  readonly missing = new Set<string>();
  readonly signals: (AbortSignal | undefined)[] = [];
  /** Fails, or holds, all calls. */
  before: () => Promise<void> = async () => {};
  /** Of the next samples. @default as many ms after 1970 as there are ns of CPU time */
  readAt: Date | undefined;
  interfaces: NetworkCounters | undefined = {};

  /** Calls from now on do not come back before the function that it returns is called. */
  hold(): () => void {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.before = () => held;
    return release;
  }

  async metrics(ids: readonly string[], call: CallOptions): Promise<Map<string, Metrics>> {
    this.calls.push(ids);
    this.signals.push(call.signal);
    const round = BigInt(this.calls.length);
    await this.before();
    this.reads.push('metrics');
    const found = ids.filter((id) => !this.missing.has(id));
    return new Map(found.map((id) => [id, sample(round * 1_000n, this.readAt)]));
  }

  async hostCpu(): Promise<{ usageNs: bigint; onlineCpus: number }> {
    this.reads.push('host');
    return { usageNs: BigInt(this.calls.length) * 1_000_000n, onlineCpus: 2 };
  }

  async networks(pid: number): Promise<NetworkCounters | undefined> {
    this.reads.push(`networks of ${pid}`);
    return this.interfaces;
  }
}

function sample(cpuNs: bigint, readAt = new Date(Number(cpuNs))): Metrics {
  const facts = {
    processes: 1n,
    memoryBytes: 4096n,
    cpuNs,
    oomKills: 0n,
    memoryLimit: undefined,
    pidsLimit: undefined,
  };
  return { kind: 'cgroup1', readAt, data: cgroup1Sample(facts) };
}
