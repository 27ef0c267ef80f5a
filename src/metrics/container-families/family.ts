/** The one containerd runtime whose tasks containerd watches for OOM kills by itself, on cgroup v1. */
export const RUNTIME_V1 = 'io.containerd.runtime.v1.linux';

/** One series of a container, less the labels that say which container it is. */
export interface Point {
  readonly value: bigint;
  /** One for each of the family's `labelNames`. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A row of containerd's own exporter (`core/metrics/cgroups/{v1,v2}`). `S` is the sample it is read from. */
export interface ContainerFamily<S> {
  /** In full, with `container_` before and the unit behind. */
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  /** Besides those of every family: `container_id`, `namespace`, `runtime`. */
  readonly labelNames: readonly string[];
  /** Set for a family that only tasks of runtime v1 have; its series have no label `runtime`. */
  readonly isOfRuntimeV1: boolean;
  /** None when the sample does not have what it is read from. */
  points(sample: S): readonly Point[];
}

/** A family with one series a container. */
export function single<S>(name: string, help: string, read: (sample: S) => bigint | undefined): ContainerFamily<S> {
  const points = (sample: S): Point[] => {
    const value = read(sample);
    return value === undefined ? [] : [{ value }];
  };
  return { name: `container_${name}`, help, type: 'gauge', labelNames: [], isOfRuntimeV1: false, points };
}

/** A family with one series for each entry of a list in the sample. */
export function listed<S, E>(
  name: string,
  help: string,
  list: (sample: S) => readonly E[] | undefined,
  value: (entry: E) => bigint,
  labels: Readonly<Record<string, (entry: E, index: number) => string>>,
): ContainerFamily<S> {
  const columns = Object.entries(labels);
  const labelsOf = (entry: E, index: number) =>
    Object.fromEntries(columns.map(([label, text]) => [label, text(entry, index)]));
  return {
    name: `container_${name}`,
    help,
    type: 'gauge',
    labelNames: columns.map(([label]) => label),
    isOfRuntimeV1: false,
    points: (sample) =>
      (list(sample) ?? []).map((entry, index) => ({ value: value(entry), labels: labelsOf(entry, index) })),
  };
}
