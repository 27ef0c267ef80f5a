import { DataLossError, NotImplementedError } from '../errdefs/index.js';
import { typeNameOf } from '../protocol/any.js';
import { Metrics as Cgroup1 } from '../protocol/gen/containerd/stats/cgroup1.js';
import { Metrics as Cgroup2 } from '../protocol/gen/containerd/stats/cgroup2.js';
import { Statistics } from '../protocol/gen/containerd/stats/runhcs.js';
import type { Any } from '../protocol/gen/google/protobuf/any.js';
import { decodeMessage } from '../protocol/wire/index.js';
import type { Metrics } from './metrics.js';

/**
 * Decodes what a shim or containerd reports. An unknown type is an error and never zeros (moby deef0ea2d7).
 * @throws NotImplementedError `ERR_METRICS_UNKNOWN_TYPE` naming the type; DataLossError `ERR_WIRE_DECODE`
 */
export function decodeMetrics(packed: Any, readAt: Date): Metrics {
  const type = typeNameOf(packed);
  try {
    switch (type) {
      case 'io.containerd.cgroups.v1.Metrics':
        return { kind: 'cgroup1', readAt, data: decodeMessage(Cgroup1, packed.value) };
      case 'io.containerd.cgroups.v2.Metrics':
        return { kind: 'cgroup2', readAt, data: decodeMessage(Cgroup2, packed.value) };
      case 'containerd.runhcs.stats.v1.Statistics':
        return { kind: 'windows', readAt, data: decodeMessage(Statistics, packed.value) };
    }
  } catch (cause) {
    throw new DataLossError(`decode metrics of type ${type}`, { code: 'ERR_WIRE_DECODE', cause });
  }
  throw new NotImplementedError(`decode metrics: unknown type ${JSON.stringify(packed.typeUrl)}`, {
    code: 'ERR_METRICS_UNKNOWN_TYPE',
    fields: { typeUrl: packed.typeUrl },
  });
}
