import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Metrics as Cgroup1 } from '../protocol/gen/containerd/stats/cgroup1.js';
import { Metrics as Cgroup2 } from '../protocol/gen/containerd/stats/cgroup2.js';
import { Statistics } from '../protocol/gen/containerd/stats/runhcs.js';
import { type StatsSource, statsOf } from './container-stats-of.js';
import { emptyStats } from './empty-stats.js';
import type { Metrics } from './metrics.js';

const READ_AT = new Date('2024-05-06T07:08:09.010Z');
const NO_LIMIT = 2n ** 64n - 1n;
const HOST_MEMORY = 8n * 1024n ** 3n;
const HOST_CPU = { usageNs: 2n ** 60n, onlineCpus: 4 };

const ALL_BLKIO = [
  'blkio_stats.io_merged_recursive',
  'blkio_stats.io_queue_recursive',
  'blkio_stats.io_service_bytes_recursive',
  'blkio_stats.io_service_time_recursive',
  'blkio_stats.io_serviced_recursive',
  'blkio_stats.io_time_recursive',
  'blkio_stats.io_wait_time_recursive',
  'blkio_stats.sectors_recursive',
];
/** What only the CFQ scheduler counted, up to kernel 5.0. */
const CFQ = ALL_BLKIO.filter((path) => !path.includes('service_bytes') && !path.includes('serviced'));
const THROTTLING = ['periods', 'throttled_periods', 'throttled_time'].map((key) => `cpu_stats.throttling_data.${key}`);

function stats(metrics: Metrics, source: Partial<StatsSource> = {}) {
  return statsOf({
    id: 'abc',
    name: '/web',
    metrics,
    hostCpu: HOST_CPU,
    hostMemoryBytes: HOST_MEMORY,
    networks: undefined,
    previous: undefined,
    ...source,
  });
}

type Parts<T extends { create(base?: never): unknown }> = Parameters<T['create']>[0];

const v1 = (base: Parts<typeof Cgroup1>, source?: Partial<StatsSource>) =>
  stats({ kind: 'cgroup1', readAt: READ_AT, data: Cgroup1.create(base) }, source);
const v2 = (base: Parts<typeof Cgroup2>, source?: Partial<StatsSource>) =>
  stats({ kind: 'cgroup2', readAt: READ_AT, data: Cgroup2.create(base) }, source);
const windows = (base: Parts<typeof Statistics>, source?: Partial<StatsSource>) =>
  stats({ kind: 'windows', readAt: READ_AT, data: Statistics.create(base) }, source);

const V1_CPU = {
  usage: { total: 100n, kernel: 30n, user: 70n, perCpu: [60n, 40n] },
  throttling: { periods: 5n, throttledPeriods: 4n, throttledTime: 3n },
};
const V1_MEMORY = {
  totalInactiveFile: 7n,
  hierarchicalSwapLimit: 2n ** 63n - 4096n,
  usage: { usage: 50n, max: 60n, failcnt: 0n, limit: 1_000n },
};
const V1_BLKIO = { ioServiceBytesRecursive: [{ op: 'Read', device: '/dev/sda', major: 8n, minor: 1n, value: 512n }] };

const V2 = {
  pids: { current: 3n, limit: NO_LIMIT },
  cpu: { usageUsec: 100n, userUsec: 70n, systemUsec: 30n, nrPeriods: 5n, nrThrottled: 4n, throttledUsec: 3n },
  memory: { usage: 50n, usageLimit: NO_LIMIT, maxUsage: 60n, inactiveFile: 7n },
  memoryEvents: { oom: 9n },
  io: { usage: [{ major: 8n, minor: 1n, rbytes: 512n, wbytes: 0n, rios: 1n, wios: 0n }] },
};

describe('statsOf on cgroup v1', () => {
  it('gives all of a host with every controller but what only an old kernel has', () => {
    const sample = v1({ cpu: V1_CPU, memory: V1_MEMORY, blkio: V1_BLKIO, pids: { current: 3n, limit: 50n } });
    assert.deepEqual(sample.unsupported_fields, CFQ);
    assert.deepEqual(sample.cpu_stats, {
      cpu_usage: { total_usage: 100n, percpu_usage: [60n, 40n], usage_in_kernelmode: 30n, usage_in_usermode: 70n },
      system_cpu_usage: 2n ** 60n,
      online_cpus: 4,
      throttling_data: { periods: 5n, throttled_periods: 4n, throttled_time: 3n },
    });
    const { stats: keys, ...memory } = sample.memory_stats;
    assert.deepEqual(memory, { usage: 50n, max_usage: 60n, failcnt: 0n, limit: 1_000n });
    assert.equal(Object.keys(keys ?? {}).length, 32);
    assert.deepEqual(sample.blkio_stats, {
      io_service_bytes_recursive: [{ major: 8n, minor: 1n, op: 'Read', value: 512n }],
      io_serviced_recursive: [],
    });
    assert.deepEqual(sample.pids_stats, { current: 3n, limit: 50n });
    assert.deepEqual([sample.os_type, sample.num_procs, sample.storage_stats], ['linux', 0, {}]);
    assert.equal(sample.read, '2024-05-06T07:08:09.010Z');
  });

  it('gives what the CFQ scheduler counted on an old kernel', () => {
    const list = [{ op: '', device: '', major: 8n, minor: 0n, value: 1n }];
    const lists = {
      ...{ ioServiceBytesRecursive: list, ioServicedRecursive: list, ioQueuedRecursive: list, ioTimeRecursive: list },
      ...{ ioServiceTimeRecursive: list, ioWaitTimeRecursive: list, ioMergedRecursive: list, sectorsRecursive: list },
    };
    const sample = v1({ cpu: V1_CPU, memory: V1_MEMORY, blkio: lists, pids: { current: 1n } });
    assert.deepEqual(sample.unsupported_fields, []);
    assert.equal(Object.keys(sample.blkio_stats).length, 8);
  });

  it('leaves "no limit" of processes out without calling it unsupported', () => {
    const sample = v1({ pids: { current: 0n, limit: 0n } });
    assert.deepEqual(sample.pids_stats, { current: 0n });
    assert.ok(!sample.unsupported_fields?.includes('pids_stats.limit'));
  });

  it('shows no more memory than the host has, and the limit as it is where that is unknown', () => {
    const memory = { usage: { limit: 0x7fff_ffff_ffff_f000n } };
    assert.equal(v1({ memory }).memory_stats.limit, HOST_MEMORY);
    assert.equal(v1({ memory }, { hostMemoryBytes: undefined }).memory_stats.limit, 0x7fff_ffff_ffff_f000n);
    assert.equal(v1({ memory }, { hostMemoryBytes: 0n }).memory_stats.limit, 0x7fff_ffff_ffff_f000n);
  });

  it('shows a 0 that was measured', () => {
    const sample = v1({
      cpu: { usage: { total: 0n, kernel: 0n, user: 0n, perCpu: [0n, 0n] }, throttling: {} },
      memory: { usage: {} },
      blkio: {},
    });
    assert.deepEqual(sample.cpu_stats.cpu_usage, {
      total_usage: 0n,
      percpu_usage: [0n, 0n],
      usage_in_kernelmode: 0n,
      usage_in_usermode: 0n,
    });
    assert.deepEqual(sample.cpu_stats.throttling_data, { periods: 0n, throttled_periods: 0n, throttled_time: 0n });
    assert.equal(sample.memory_stats.usage, 0n);
    assert.equal(sample.memory_stats.failcnt, 0n);
    assert.equal(sample.memory_stats.stats?.total_cache, 0n);
    assert.deepEqual(sample.blkio_stats.io_service_bytes_recursive, []);
  });

  it('names the fields of a controller that is missing', () => {
    const all = { cpu: V1_CPU, memory: V1_MEMORY, blkio: V1_BLKIO, pids: { current: 3n, limit: 50n } };
    const unsupported = (without: object) =>
      v1({ ...all, ...without }).unsupported_fields?.filter((path) => !CFQ.includes(path));
    const usage = ['percpu_usage', 'total_usage', 'usage_in_kernelmode', 'usage_in_usermode'].map(
      (key) => `cpu_stats.cpu_usage.${key}`,
    );
    assert.deepEqual(unsupported({ cpu: undefined }), [...usage, ...THROTTLING]);
    assert.deepEqual(unsupported({ cpu: { usage: V1_CPU.usage } }), THROTTLING);
    assert.deepEqual(unsupported({ cpu: { throttling: V1_CPU.throttling } }), usage);
    // What containerd sends where cpuacct is not mounted.
    assert.deepEqual(unsupported({ cpu: { usage: {}, throttling: V1_CPU.throttling } }), usage);
    const counters = ['failcnt', 'limit', 'max_usage'].map((key) => `memory_stats.${key}`);
    assert.deepEqual(unsupported({ memory: undefined }), [...counters, 'memory_stats.stats', 'memory_stats.usage']);
    assert.deepEqual(unsupported({ memory: { hierarchicalSwapLimit: 1n } }), [...counters, 'memory_stats.usage']);
    assert.deepEqual(unsupported({ memory: { usage: {} } }), ['memory_stats.stats.hierarchical_memsw_limit']);
    assert.deepEqual(unsupported({ pids: undefined }), ['pids_stats.current', 'pids_stats.limit']);
    assert.deepEqual(v1({ ...all, blkio: undefined }).unsupported_fields, ALL_BLKIO);
  });
});

describe('statsOf on cgroup v2', () => {
  it('names exactly what cgroup v2 cannot report', () => {
    const sample = v2(V2);
    assert.deepEqual(sample.unsupported_fields, [
      ...ALL_BLKIO.filter((path) => !path.includes('service_bytes')),
      'cpu_stats.cpu_usage.percpu_usage',
      'memory_stats.failcnt',
      'memory_stats.max_usage',
    ]);
    assert.deepEqual(sample.cpu_stats, {
      cpu_usage: { total_usage: 100_000n, usage_in_kernelmode: 30_000n, usage_in_usermode: 70_000n },
      system_cpu_usage: 2n ** 60n,
      online_cpus: 4,
      throttling_data: { periods: 5n, throttled_periods: 4n, throttled_time: 3_000n },
    });
    const { stats: keys, ...memory } = sample.memory_stats;
    assert.deepEqual(memory, { usage: 50n, limit: HOST_MEMORY });
    assert.equal(Object.keys(keys ?? {}).length, 31);
    assert.deepEqual(sample.blkio_stats, {
      io_service_bytes_recursive: [
        { major: 8n, minor: 1n, op: 'read', value: 512n },
        { major: 8n, minor: 1n, op: 'write', value: 0n },
      ],
    });
    assert.deepEqual(sample.pids_stats, { current: 3n, limit: NO_LIMIT });
  });

  it('sums what a kernel from 5.9 on counts by kind of page, and takes the sum of an older one', () => {
    const split = { workingsetRefaultAnon: 1n, workingsetRefaultFile: 2n, workingsetActivateAnon: 4n };
    const keys = (memory: NonNullable<Parts<typeof Cgroup2>>['memory']) => {
      const { workingset_refault, workingset_activate } = v2({ memory }).memory_stats.stats ?? {};
      return [workingset_refault, workingset_activate];
    };
    assert.deepEqual(keys({ usage: 1n, ...split, workingsetActivateFile: 8n }), [3n, 12n]);
    assert.deepEqual(keys({ usage: 1n, workingsetRefault: 5n, workingsetActivate: 6n }), [5n, 6n]);
  });

  it('takes messages of zeros alone for controllers that are not there', () => {
    const rest = { io: {}, hugetlb: [] };
    const missing = v2({ ...rest, cpu: {}, memory: { psi: { some: {} } }, pids: {} });
    assert.deepEqual(missing.cpu_stats.cpu_usage, {});
    assert.deepEqual([missing.memory_stats, missing.pids_stats], [{}, {}]);
    assert.deepEqual(missing.unsupported_fields, v2(rest).unsupported_fields);
    assert.deepEqual(missing.blkio_stats, { io_service_bytes_recursive: [] });
    assert.ok(missing.unsupported_fields?.includes('memory_stats.limit'));
  });

  it('shows a 0 that was measured', () => {
    const sample = v2({ cpu: { usageUsec: 1n }, memory: { usageLimit: 1n }, pids: { limit: 1n } });
    assert.deepEqual(sample.cpu_stats.throttling_data, { periods: 0n, throttled_periods: 0n, throttled_time: 0n });
    assert.deepEqual([sample.memory_stats.usage, sample.memory_stats.stats?.anon], [0n, 0n]);
    assert.equal(sample.pids_stats.current, 0n);
  });
});

describe('statsOf on Windows', () => {
  const processor = { totalRuntimeNs: 100_000n, runtimeUserNs: 60_000n, runtimeKernelNs: 40_000n };
  const memory = {
    memoryUsageCommitBytes: 1n,
    memoryUsageCommitPeakBytes: 2n,
    memoryUsagePrivateWorkingSetBytes: 0n,
  };
  const storage = { readCountNormalized: 4n, readSizeBytes: 5n, writeCountNormalized: 6n, writeSizeBytes: 7n };
  const linuxOnly = v2(V2).unsupported_fields?.concat('memory_stats.usage') ?? [];

  it("gives Docker's units, and names what only Linux has", () => {
    const sample = windows({ windows: { processor, memory, storage } });
    assert.deepEqual(sample.cpu_stats, {
      cpu_usage: { total_usage: 1_000n, usage_in_kernelmode: 400n, usage_in_usermode: 600n },
    });
    assert.deepEqual(sample.memory_stats, { commitbytes: 1n, commitpeakbytes: 2n, privateworkingset: 0n });
    assert.deepEqual(sample.storage_stats, {
      read_count_normalized: 4n,
      read_size_bytes: 5n,
      write_count_normalized: 6n,
      write_size_bytes: 7n,
    });
    assert.deepEqual([sample.os_type, sample.num_procs], ['windows', 4]);
    assert.deepEqual([sample.pids_stats, sample.blkio_stats], [{}, {}]);
    for (const path of linuxOnly) assert.ok(sample.unsupported_fields?.includes(path), path);
    assert.ok(
      !sample.unsupported_fields?.some((path) => /storage_stats|commit|working|_usage\.(total|usage)/.test(path)),
    );
  });

  it('does not take the missing split of a Hyper-V container for zeros', () => {
    const sample = windows({ windows: { processor: { totalRuntimeNs: 700n } } });
    assert.deepEqual(sample.cpu_stats.cpu_usage, { total_usage: 7n });
    assert.ok(sample.unsupported_fields?.includes('cpu_stats.cpu_usage.usage_in_kernelmode'));
    assert.ok(sample.unsupported_fields?.includes('cpu_stats.cpu_usage.usage_in_usermode'));
  });

  it('names what the host left out', () => {
    const { unsupported_fields: names = [], ...sample } = windows({ windows: {} });
    for (const path of ['storage_stats.read_size_bytes', 'memory_stats.privateworkingset']) {
      assert.ok(names.includes(path), path);
    }
    assert.ok(names.includes('cpu_stats.cpu_usage.total_usage'));
    assert.deepEqual(sample.storage_stats, {});
    assert.deepEqual(windows({}).unsupported_fields, names);
  });

  it('names the errors that its networks do not count', () => {
    const network = { rx_bytes: 1n, rx_packets: 1n, rx_dropped: 0n, tx_bytes: 1n, tx_packets: 1n, tx_dropped: 0n };
    const names = windows({ windows: {} }, { networks: { endpoint: network } }).unsupported_fields ?? [];
    assert.ok(names.includes('networks.*.rx_errors') && names.includes('networks.*.tx_errors'));
    const counted = { ...network, rx_errors: 0n, tx_errors: 0n };
    assert.ok(!v1({}, { networks: { eth0: counted } }).unsupported_fields?.some((path) => path.startsWith('networks')));
  });

  it('translates a Linux container as cgroup v1, without the CPU time of another system', () => {
    const base = { cpu: V1_CPU, memory: V1_MEMORY, blkio: V1_BLKIO, pids: { current: 3n } };
    const sample = windows({ linux: base, vm: {} });
    const { online_cpus, system_cpu_usage, ...cpu } = v1(base).cpu_stats;
    assert.deepEqual(sample.cpu_stats, cpu);
    assert.deepEqual(sample.memory_stats, v1(base).memory_stats);
    assert.deepEqual([sample.os_type, sample.num_procs], ['linux', 4]);
    assert.deepEqual(sample.unsupported_fields, [...CFQ, 'cpu_stats.online_cpus', 'cpu_stats.system_cpu_usage'].sort());
    assert.ok(online_cpus !== undefined && system_cpu_usage !== undefined);
  });
});

describe('statsOf', () => {
  it('fills the previous fields from the sample before, and with zeros without one', () => {
    const empty = emptyStats({ id: 'abc', name: '/web', osType: 'linux' });
    const first = v2(V2);
    assert.deepEqual([first.preread, first.precpu_stats], [empty.preread, empty.precpu_stats]);
    const second = v2(V2, { previous: first });
    assert.deepEqual([second.preread, second.precpu_stats], [first.read, first.cpu_stats]);
  });

  it('names the CPU time of the host where it could not be read', () => {
    const names = v1({ cpu: V1_CPU }, { hostCpu: undefined }).unsupported_fields ?? [];
    assert.ok(names.includes('cpu_stats.system_cpu_usage') && names.includes('cpu_stats.online_cpus'));
  });

  it('leaves the networks out when there are none', () => {
    assert.ok(!Object.hasOwn(v1({}), 'networks'));
    assert.ok(!Object.hasOwn(v1({}, { networks: {} }), 'networks'));
  });
});
