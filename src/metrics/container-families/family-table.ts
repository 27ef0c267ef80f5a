import { Counter, Gauge, type Metric } from 'prom-client';
import type { ContainerFamily } from './family.js';

/** Which container a series belongs to. */
export interface SeriesOwner {
  readonly containerId: string;
  /** The containerd namespace. */
  readonly namespace: string;
  readonly runtime: string;
  readonly isOfRuntimeV1: boolean;
}

type Labels = Readonly<Record<string, string>>;

const OWNER_LABELS = ['container_id', 'namespace', 'runtime'];

interface Row<S> {
  readonly family: ContainerFamily<S>;
  readonly metric: Metric;
  clear(): void;
  /** Of labels that no other series of the row has. */
  add(labels: Labels, value: number): void;
}

/** The families of one cgroup version with their series. In no registry, so that two engines may live in one process. */
export class FamilyTable<S> {
  readonly #rows: readonly Row<S>[];

  constructor(families: readonly ContainerFamily<S>[]) {
    this.#rows = families.map(rowOf);
  }

  get metrics(): readonly Metric[] {
    return this.#rows.map(({ metric }) => metric);
  }

  /** Drops all series. */
  clear(): void {
    for (const row of this.#rows) row.clear();
  }

  /** Adds all series of one container, to be called once between two `clear`. Values above 2^53 are rounded, as containerd's. */
  add(owner: SeriesOwner, sample: S): void {
    const short = { container_id: owner.containerId, namespace: owner.namespace };
    const long = { ...short, runtime: owner.runtime };
    for (const row of this.#rows) {
      const { isOfRuntimeV1 } = row.family;
      if (isOfRuntimeV1 && !owner.isOfRuntimeV1) continue;
      const own = isOfRuntimeV1 ? short : long;
      for (const { value, labels } of row.family.points(sample)) {
        row.add(labels === undefined ? own : { ...own, ...labels }, Number(value));
      }
    }
  }
}

/**
 * A gauge whose series are set anew for each scrape. prom-client finds a series by a text that it makes of all labels: for the 40,000
 * of 500 containers that is most of the work of a scrape, and nobody looks one up.
 */
class SnapshotGauge extends Gauge<string> {
  #series: { labels: Labels; value: number }[] = [];

  clear(): void {
    this.#series = [];
  }

  add(labels: Labels, value: number): void {
    this.#series.push({ labels, value });
  }

  override async get(): ReturnType<Gauge<string>['get']> {
    return { ...(await super.get()), values: this.#series };
  }
}

function rowOf<S>(family: ContainerFamily<S>): Row<S> {
  const { name, help, type } = family;
  const settings = { name, help, labelNames: [...OWNER_LABELS, ...family.labelNames], registers: [] };
  if (type === 'counter') {
    const metric = new Counter<string>(settings);
    return { family, metric, clear: () => metric.reset(), add: (labels, value) => metric.inc(labels, value) };
  }
  const metric = new SnapshotGauge(settings);
  return { family, metric, clear: () => metric.clear(), add: (labels, value) => metric.add(labels, value) };
}
