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

const OWNER_LABELS = ['container_id', 'namespace', 'runtime'];

interface Row<S> {
  readonly family: ContainerFamily<S>;
  readonly metric: Metric;
  readonly set: (labels: Readonly<Record<string, string>>, value: number) => void;
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
    for (const { metric } of this.#rows) metric.reset();
  }

  /** Adds all series of one container, to be called once between two `clear`. Values above 2^53 are rounded, as containerd's. */
  add(owner: SeriesOwner, sample: S): void {
    const short = { container_id: owner.containerId, namespace: owner.namespace };
    // One object for all families: what is written of it is kept with it.
    const long = { ...short, runtime: owner.runtime };
    for (const { family, set } of this.#rows) {
      if (family.isOfRuntimeV1 && !owner.isOfRuntimeV1) continue;
      const own = family.isOfRuntimeV1 ? short : long;
      for (const { value, labels } of family.points(sample)) {
        set(labels === undefined ? own : { ...own, ...labels }, Number(value));
      }
    }
  }
}

function rowOf<S>(family: ContainerFamily<S>): Row<S> {
  const { name, help, type } = family;
  const settings = { name, help, labelNames: [...OWNER_LABELS, ...family.labelNames], registers: [] };
  if (type === 'counter') {
    const metric = new Counter<string>(settings);
    return { family, metric, set: (labels, value) => metric.inc(labels, value) };
  }
  const metric = new Gauge<string>(settings);
  return { family, metric, set: (labels, value) => metric.set(labels, value) };
}
