import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HostConfig } from '../config/host-config.js';
import { parseList } from './host-limits.js';
import { lacking, V1_HOST, V2_HOST } from './testing/host.js';
import { warningsOf } from './warnings.js';

describe('warningsOf', () => {
  it('is silent when the host can do what is asked', () => {
    const hostConfig: HostConfig = { Memory: 1e8, OomKillDisable: true, MemorySwappiness: 10, BlkioWeight: 10 };
    assert.deepEqual(warningsOf(hostConfig, V1_HOST), []);
  });

  it('tells what cgroup v2 has not, and is silent about what was not wanted anyway', () => {
    assert.deepEqual(warningsOf({ MemorySwappiness: -1, OomKillDisable: false }, V2_HOST), []);
    assert.deepEqual(warningsOf({ Memory: 1e8, MemorySwappiness: 10, OomKillDisable: true }, V2_HOST), [
      'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
      'Your kernel does not support OomKillDisable. OomKillDisable discarded.',
    ]);
  });

  it('does not speak of swap when there is no memory limit to begin with', () => {
    assert.deepEqual(warningsOf({ Memory: 1e8, MemorySwap: 2e8 }, lacking(V1_HOST, 'memory', 'swap')), [
      'Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.',
    ]);
    assert.deepEqual(warningsOf({ Memory: 1e8 }, lacking(V1_HOST, 'swap')), [
      'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
    ]);
  });

  it('warns of a container that nothing would end when memory is short', () => {
    assert.match(warningsOf({ OomKillDisable: true }, V1_HOST)[0] ?? '', /OOM killer is disabled/);
  });

  it('refuses CPUs that are not there, in the words of dockerd', () => {
    const refused = (hostConfig: HostConfig, message: string) =>
      assert.throws(() => warningsOf(hostConfig, V1_HOST), { name: 'InvalidArgumentError', message });
    refused({ NanoCpus: 5e9 }, 'range of CPUs is from 0.01 to 4.00, as there are only 4 CPUs available');
    refused({ CpusetCpus: '3-4' }, 'Requested CPUs are not available - requested 3-4, available: 0-3');
    refused({ CpusetMems: '1' }, 'Requested memory nodes are not available - requested 1, available: 0');
    refused({ CpusetCpus: '7-a' }, 'Invalid value 7-a for cpuset cpus');
  });

  it('refuses what this engine has not', () => {
    assert.throws(() => warningsOf({ DeviceRequests: [{ Count: -1, Capabilities: [['gpu']] }] }, V1_HOST), {
      name: 'InvalidArgumentError',
      message: 'could not select device driver "" with capabilities: [[gpu]]',
    });
    assert.throws(() => warningsOf({ StorageOpt: { size: '1g' } }, V1_HOST), { name: 'NotImplementedError' });
  });
});

describe('parseList', () => {
  it('takes numbers and ranges', () => {
    assert.deepEqual([...(parseList('0-2,3,1') ?? [])], [0, 1, 2, 3]);
    assert.deepEqual([...(parseList('') ?? [1])], []);
  });

  it('refuses what is no list, or would fill the memory', () => {
    for (const text of ['2-1', 'a', '1-', '-1', '1,,2', '0-9223372036854775807']) {
      assert.equal(parseList(text), undefined, text);
    }
  });
});
