import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Metrics as Cgroup1 } from '../protocol/gen/containerd/stats/cgroup1.js';
import { Metrics as Cgroup2 } from '../protocol/gen/containerd/stats/cgroup2.js';
import { statsOf } from './container-stats-of.js';
import { emptyStats } from './empty-stats.js';
import { statsJson } from './stats-json.js';

const READ_AT = new Date('2024-05-06T07:08:09.010Z');
const SOURCE = { id: 'abc', name: '/web', hostCpu: undefined, hostMemoryBytes: undefined, networks: undefined };

describe('statsJson', () => {
  it('writes what dockerd does for a stopped container', () => {
    const noCpu =
      '{"cpu_usage":{"total_usage":0,"usage_in_kernelmode":0,"usage_in_usermode":0},' +
      '"throttling_data":{"periods":0,"throttled_periods":0,"throttled_time":0}}';
    const noIo =
      '{"io_service_bytes_recursive":null,"io_serviced_recursive":null,"io_queue_recursive":null,' +
      '"io_service_time_recursive":null,"io_wait_time_recursive":null,"io_merged_recursive":null,' +
      '"io_time_recursive":null,"sectors_recursive":null}';
    assert.equal(
      statsJson(emptyStats({ id: 'abc', name: '/web', osType: 'linux' })),
      `{"id":"abc","name":"/web","os_type":"linux","read":"0001-01-01T00:00:00Z","cpu_stats":${noCpu},` +
        `"memory_stats":{},"pids_stats":{},"blkio_stats":${noIo},"num_procs":0,"storage_stats":{},` +
        `"preread":"0001-01-01T00:00:00Z","precpu_stats":${noCpu}}`,
    );
  });

  it('writes integers with all their digits, as numbers', () => {
    const data = Cgroup2.create({
      pids: { current: 1n, limit: 2n ** 64n - 1n },
      cpu: { usageUsec: 9_007_199_254_740_993n },
    });
    const stats = statsOf({ ...SOURCE, metrics: { kind: 'cgroup2', readAt: READ_AT, data }, previous: undefined });
    const json = statsJson(stats);
    assert.match(json, /"pids_stats":\{"current":1,"limit":18446744073709551615\}/);
    assert.match(json, /"total_usage":9007199254740993000,/);
    assert.doesNotThrow(() => JSON.parse(json));
  });

  it("has Docker's keys in Docker's order, whatever the order in the object", () => {
    const eth0 = { rx_bytes: 1n, rx_packets: 1n, rx_dropped: 0n, tx_bytes: 1n, tx_packets: 1n, tx_dropped: 0n };
    const data = Cgroup1.create({ memory: { usage: { usage: 1n } } });
    const metrics = { kind: 'cgroup1', readAt: READ_AT, data } as const;
    const stats = statsOf({ ...SOURCE, metrics, networks: { eth0 }, previous: undefined });
    const reversed = Object.fromEntries(Object.entries(stats).reverse());
    const parsed: object = JSON.parse(statsJson({ ...stats, ...reversed }));
    assert.deepEqual(Object.keys(parsed), [
      'id',
      'name',
      'os_type',
      'read',
      'cpu_stats',
      'memory_stats',
      'networks',
      'pids_stats',
      'blkio_stats',
      'num_procs',
      'storage_stats',
      'preread',
      'precpu_stats',
      'unsupported_fields',
    ]);
  });

  it('takes any text for names', () => {
    const name = '/"18446744073709552000" <&>\u2028\n';
    const parsed: { name?: unknown } = JSON.parse(statsJson(emptyStats({ id: '', name, osType: 'windows' })));
    assert.equal(parsed.name, name);
  });
});
