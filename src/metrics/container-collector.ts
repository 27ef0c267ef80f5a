import type { Metric } from 'prom-client';
import { CanceledError } from '../errdefs/index.js';
import { remaining } from '../libcontainerd/deadline.js';
import type { CallOptions, Capabilities, Client } from '../libcontainerd/types.js';
import type { Logger } from '../log/logger.js';
import type { Metrics } from '../stats/metrics.js';
import type { Collector } from './collector.js';
import { CGROUP1_FAMILIES } from './container-families/cgroup1.js';
import { CGROUP2_FAMILIES } from './container-families/cgroup2.js';
import { RUNTIME_V1 } from './container-families/family.js';
import { FamilyTable, type SeriesOwner } from './container-families/family-table.js';
import { ContainerRuntimes } from './container-runtimes.js';
import { TimeSlice } from './time-slice.js';

/** What is shown of samples of one kind. */
interface Families {
  readonly metrics: readonly Metric[];
  clear(): void;
  add(owner: SeriesOwner, sample: Metrics): void;
}

/**
 * The families of containerd's own exporter (its `core/metrics/cgroups`), for all tasks of the client's namespace: of cgroup v1 or v2,
 * as the client's capabilities say, none elsewhere. A scrape is one `Client.stats`, and one `loadContainer` for each
 * container that the scrape before did not see: its runtime is a label.
 */
export class ContainerCollector implements Collector {
  readonly metrics: readonly Metric[];
  readonly #client: Client;
  readonly #log: Logger;
  readonly #families: Families;
  readonly #runtimes: ContainerRuntimes;
  #isClosed = false;

  constructor(client: Client, { log }: { readonly log: Logger }) {
    this.#client = client;
    this.#log = log;
    this.#families = familiesOf(client.capabilities.metrics);
    this.metrics = this.#families.metrics;
    this.#runtimes = new ContainerRuntimes(client, log);
  }

  /**
   * A container that ends or is removed meanwhile is left out, and costs nobody else's series.
   * @throws what `Client.stats` throws; then the series of the scrape before are still there. CanceledError `ERR_CLIENT_CLOSED` after
   * `close`
   */
  async collect(call: CallOptions = {}): Promise<void> {
    if (this.metrics.length === 0) return;
    this.#assertOpen();
    const rest = remaining(call);
    const samples = await this.#client.stats(undefined, rest());
    this.#assertOpen();
    await this.#runtimes.learn(new Set(samples.keys()), rest());
    this.#families.clear();
    const slice = new TimeSlice();
    for (const [containerId, sample] of samples) {
      if (slice.isOver) await slice.next();
      this.#assertOpen();
      this.#add(containerId, sample);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#runtimes.close();
    this.#families.clear();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new CanceledError('collect container metrics: closed', { code: 'ERR_CLIENT_CLOSED' });
  }

  #add(containerId: string, sample: Metrics): void {
    const runtime = this.#runtimes.of(containerId);
    if (runtime === undefined) return;
    const isOfRuntimeV1 = runtime === RUNTIME_V1;
    const owner = { containerId, namespace: this.#client.namespace, runtime, isOfRuntimeV1 };
    if (sample.kind === this.#client.capabilities.metrics) this.#families.add(owner, sample);
    else this.#log.debug({ containerId, kind: sample.kind }, 'leave out metrics of another kind than the host has');
  }
}

function familiesOf(kind: Capabilities['metrics']): Families {
  switch (kind) {
    case 'cgroup1': {
      const table = new FamilyTable(CGROUP1_FAMILIES);
      const add = (owner: SeriesOwner, sample: Metrics) => {
        if (sample.kind === kind) table.add(owner, sample.data);
      };
      return { metrics: table.metrics, clear: () => table.clear(), add };
    }
    case 'cgroup2': {
      const table = new FamilyTable(CGROUP2_FAMILIES);
      const add = (owner: SeriesOwner, sample: Metrics) => {
        if (sample.kind === kind) table.add(owner, sample.data);
      };
      return { metrics: table.metrics, clear: () => table.clear(), add };
    }
    // containerd exports nothing for containers of Windows.
    case 'windows':
    case 'none':
      return { metrics: [], clear: () => {}, add: () => {} };
  }
}
