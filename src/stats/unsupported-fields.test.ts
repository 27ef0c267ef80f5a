import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Metrics as Cgroup1 } from '../protocol/gen/containerd/stats/cgroup1.js';
import { Metrics as Cgroup2 } from '../protocol/gen/containerd/stats/cgroup2.js';
import { Statistics } from '../protocol/gen/containerd/stats/runhcs.js';
import type { ContainerStats } from './container-stats.js';
import { statsOf } from './container-stats-of.js';
import type { Metrics } from './metrics.js';
import { statsJson } from './stats-json.js';

/** All that clients read of a Linux container (Docker's API reference). */
const ON_LINUX = [
  'cpu_stats.cpu_usage.total_usage',
  'cpu_stats.cpu_usage.percpu_usage',
  'cpu_stats.cpu_usage.usage_in_kernelmode',
  'cpu_stats.cpu_usage.usage_in_usermode',
  'cpu_stats.system_cpu_usage',
  'cpu_stats.online_cpus',
  'cpu_stats.throttling_data.periods',
  'cpu_stats.throttling_data.throttled_periods',
  'cpu_stats.throttling_data.throttled_time',
  'memory_stats.usage',
  'memory_stats.max_usage',
  'memory_stats.stats',
  'memory_stats.failcnt',
  'memory_stats.limit',
  'pids_stats.current',
  'pids_stats.limit',
  'blkio_stats.io_service_bytes_recursive',
  'blkio_stats.io_serviced_recursive',
  'blkio_stats.io_queue_recursive',
  'blkio_stats.io_service_time_recursive',
  'blkio_stats.io_wait_time_recursive',
  'blkio_stats.io_merged_recursive',
  'blkio_stats.io_time_recursive',
  'blkio_stats.sectors_recursive',
];
const ON_WINDOWS = [
  'memory_stats.commitbytes',
  'memory_stats.commitpeakbytes',
  'memory_stats.privateworkingset',
  'storage_stats.read_count_normalized',
  'storage_stats.read_size_bytes',
  'storage_stats.write_count_normalized',
  'storage_stats.write_size_bytes',
];

const LARGEST = 2n ** 64n - 1n;
const counter = fc.oneof(fc.constant(0n), fc.constant(LARGEST), fc.bigInt({ min: 0n, max: LARGEST }));

/** A message with any of these counters, or none of it. */
function message(fields: string) {
  const counters = fields.split(' ').map((name) => [name, fc.option(counter, { nil: undefined })]);
  return fc.option(fc.record(Object.fromEntries(counters)), { nil: undefined });
}

const entries = fc.array(
  fc.record({ op: fc.constantFrom('Read', 'Write', 'Total', ''), major: counter, minor: counter, value: counter }),
  { maxLength: 3 },
);
const cgroup1 = fc.record({
  pids: message('current limit'),
  cpu: fc.option(
    fc.record({
      usage: fc.option(
        fc.record({ total: counter, kernel: counter, user: counter, perCpu: fc.array(counter, { maxLength: 3 }) }),
        { nil: undefined },
      ),
      throttling: message('periods throttledPeriods throttledTime'),
    }),
    { nil: undefined },
  ),
  memory: fc.option(
    fc.record({ cache: counter, hierarchicalSwapLimit: counter, usage: message('limit usage max failcnt') }),
    { nil: undefined },
  ),
  blkio: fc.option(
    fc.record({
      ioServiceBytesRecursive: entries,
      ioServicedRecursive: entries,
      ioQueuedRecursive: entries,
      ioServiceTimeRecursive: entries,
      ioWaitTimeRecursive: entries,
      ioMergedRecursive: entries,
      ioTimeRecursive: entries,
      sectorsRecursive: entries,
    }),
    { nil: undefined },
  ),
});
const cgroup2 = fc.record({
  pids: message('current limit'),
  cpu: message('usageUsec userUsec systemUsec nrPeriods nrThrottled throttledUsec'),
  memory: message('usage usageLimit maxUsage anon workingsetRefault workingsetRefaultFile'),
  memoryEvents: message('oom max'),
  io: fc.option(
    fc.record({
      usage: fc.array(fc.record({ major: counter, minor: counter, rbytes: counter, wbytes: counter }), {
        maxLength: 3,
      }),
    }),
    { nil: undefined },
  ),
});
const windows = fc.option(
  fc.record({
    processor: message('totalRuntimeNs runtimeUserNs runtimeKernelNs'),
    memory: message('memoryUsageCommitBytes memoryUsageCommitPeakBytes memoryUsagePrivateWorkingSetBytes'),
    storage: message('readCountNormalized readSizeBytes writeCountNormalized writeSizeBytes'),
  }),
  { nil: undefined },
);

const readAt = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true });
const metrics: fc.Arbitrary<Metrics> = fc.oneof(
  fc.record({ kind: fc.constant('cgroup1'), readAt, data: cgroup1.map((base) => Cgroup1.create(base)) }),
  fc.record({ kind: fc.constant('cgroup2'), readAt, data: cgroup2.map((base) => Cgroup2.create(base)) }),
  fc.record({
    kind: fc.constant('windows'),
    readAt,
    data: fc.oneof(
      windows.map((base) => Statistics.create({ windows: base })),
      cgroup1.map((base) => Statistics.create({ linux: base })),
    ),
  }),
);
const network = fc.record({
  rx_bytes: counter,
  rx_packets: counter,
  rx_errors: counter,
  rx_dropped: counter,
  tx_bytes: counter,
});
const sample = fc
  .record({
    metrics,
    hostCpu: fc.option(
      fc.record({ usageNs: fc.option(counter, { nil: undefined }), onlineCpus: fc.integer({ min: 1, max: 4096 }) }),
      { nil: undefined },
    ),
    hostMemoryBytes: fc.option(counter, { nil: undefined }),
    networks: fc.option(
      fc.dictionary(
        fc.string({ minLength: 1 }),
        network.map((some) => ({ ...some, tx_packets: 0n, tx_dropped: LARGEST })),
        { maxKeys: 2 },
      ),
      { nil: undefined },
    ),
  })
  .map((parts) => ({ parts, stats: statsOf({ id: 'abc', name: '/web', ...parts, previous: undefined }) }));

describe('a sample of whatever metrics', () => {
  it('has each field, or names it as unsupported, and never both', () => {
    fc.assert(
      fc.property(sample, ({ parts, stats }) => {
        const { unsupported_fields: named = [] } = stats;
        const paths = stats.os_type === 'windows' ? [...ON_LINUX, ...ON_WINDOWS] : ON_LINUX;
        for (const path of paths) {
          const isThere = at(stats, path) !== undefined;
          if (isThere === named.includes(path))
            assert.ok(path === 'pids_stats.limit' && isUnlimited(parts.metrics), path);
        }
        const others = named.filter((path) => !paths.includes(path));
        assert.deepEqual(
          others.filter((path) => !isOfOnePlatform(path)),
          [],
        );
        assert.deepEqual(named, [...new Set(named)].sort());
      }),
    );
  });

  it('is JSON without null, NaN or negative numbers, and keeps every digit', () => {
    fc.assert(
      fc.property(sample, ({ stats }) => {
        const text = statsJson(stats);
        const next = statsJson({ ...stats, precpu_stats: stats.cpu_stats, preread: stats.read });
        for (const json of [text, next]) {
          for (const value of leaves(JSON.parse(json))) {
            assert.ok(typeof value === 'string' || (typeof value === 'number' && value >= 0), `${value} in ${json}`);
          }
        }
        // Each number as text: what JSON.parse would make of it is a float.
        const digits: unknown = JSON.parse(
          text.replace(/("(?:[^"\\]|\\.)*")|(\d+)/g, (_, string?: string, number?: string) => string ?? `"${number}"`),
        );
        assert.deepEqual(digits, asText(stats));
      }),
    );
  });
});

function isUnlimited(of: Metrics): boolean {
  if (of.kind === 'cgroup2') return false;
  const pids = of.kind === 'cgroup1' ? of.data.pids : of.data.linux?.pids;
  return pids !== undefined && pids.limit === 0n;
}

function isOfOnePlatform(path: string): boolean {
  return path === 'memory_stats.stats.hierarchical_memsw_limit' || /^networks\.\*\.[rt]x_errors$/.test(path);
}

function at(stats: ContainerStats, path: string): unknown {
  return path
    .split('.')
    .reduce((value: unknown, key) => (value === undefined ? value : Reflect.get(Object(value), key)), stats);
}

function leaves(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [value];
}

function asText(value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asText(each)]));
}
