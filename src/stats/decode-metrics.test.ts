import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Metrics as Cgroup1 } from '../protocol/gen/containerd/stats/cgroup1.js';
import { Metrics as Cgroup2 } from '../protocol/gen/containerd/stats/cgroup2.js';
import { Statistics } from '../protocol/gen/containerd/stats/runhcs.js';
import { encodeMessage } from '../protocol/wire/index.js';
import { decodeMetrics } from './decode-metrics.js';

const READ_AT = new Date('2024-05-06T07:08:09.010Z');
const MESSAGES = {
  'io.containerd.cgroups.v1.Metrics': encodeMessage(Cgroup1, Cgroup1.create({ pids: { current: 3n } })),
  'io.containerd.cgroups.v2.Metrics': encodeMessage(Cgroup2, Cgroup2.create({ pids: { current: 3n } })),
  'containerd.runhcs.stats.v1.Statistics': encodeMessage(
    Statistics,
    Statistics.create({ windows: { processor: { totalRuntimeNs: 2n ** 64n - 1n } } }),
  ),
};
const KINDS = ['cgroup1', 'cgroup2', 'windows'];

describe('decodeMetrics', () => {
  for (const [index, [type, value]] of Object.entries(MESSAGES).entries()) {
    for (const typeUrl of [type, `/${type}`, `type.googleapis.com/${type}`]) {
      it(`reads ${typeUrl}`, () => {
        const metrics = decodeMetrics({ typeUrl, value }, READ_AT);
        assert.equal(metrics.kind, KINDS[index]);
        assert.equal(metrics.readAt, READ_AT);
        if (metrics.kind === 'windows') {
          assert.equal(metrics.data.windows?.processor?.totalRuntimeNs, 18_446_744_073_709_551_615n);
        } else {
          assert.equal(metrics.data.pids?.current, 3n);
        }
      });
    }

    it(`refuses ${type} that was cut off`, () => {
      for (let length = 1; length < value.length; length++) {
        const cut = { typeUrl: type, value: value.subarray(0, length) };
        assert.throws(
          () => decodeMetrics(cut, READ_AT),
          { errorClass: 'data-loss', code: 'ERR_WIRE_DECODE', message: `decode metrics of type ${type}` },
          `${length} bytes`,
        );
      }
    });

    it(`reads an empty ${type} as one without controllers`, () => {
      const metrics = decodeMetrics({ typeUrl: type, value: Buffer.alloc(0) }, READ_AT);
      if (metrics.kind === 'windows') assert.equal(metrics.data.windows, undefined);
      else assert.deepEqual([metrics.data.cpu, metrics.data.memory, metrics.data.pids], Array(3).fill(undefined));
    });
  }

  for (const typeUrl of ['', 'io.containerd.cgroups.v3.Metrics', 'types.example/io.containerd.cgroups.v2.Metric']) {
    it(`names the unknown type ${JSON.stringify(typeUrl)}`, () => {
      assert.throws(() => decodeMetrics({ typeUrl, value: Buffer.alloc(0) }, READ_AT), {
        errorClass: 'not-implemented',
        code: 'ERR_METRICS_UNKNOWN_TYPE',
        message: `decode metrics: unknown type ${JSON.stringify(typeUrl)}`,
        fields: { typeUrl },
      });
    });
  }
});
