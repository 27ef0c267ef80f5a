import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HostConfig } from '../config/host-config.js';
import { resourcesOf } from './resources.js';
import { lacking, V1_HOST, V2_HOST } from './testing/host.js';
import { updatedResources } from './updated-resources.js';

const MIB = 1024 * 1024;

describe('resourcesOf', () => {
  it('is empty without limits', () => {
    assert.deepEqual(resourcesOf({ Memory: 0, CpuShares: 0, OomKillDisable: false, PidsLimit: 0 }, V1_HOST), {});
  });

  it('names every limit as the runtime specification does', () => {
    const hostConfig: HostConfig = {
      Memory: 64 * MIB,
      MemoryReservation: 32 * MIB,
      MemorySwap: 96 * MIB,
      KernelMemory: 50 * MIB,
      KernelMemoryTCP: 40 * MIB,
      MemorySwappiness: 0,
      OomKillDisable: true,
      CpuShares: 512,
      CpuPeriod: 50_000,
      CpuQuota: 20_000,
      CpuRealtimePeriod: 1_000_000,
      CpuRealtimeRuntime: 10_000,
      CpusetCpus: '0-1',
      CpusetMems: '0',
      PidsLimit: 50,
      BlkioWeight: 300,
    };
    assert.deepEqual(resourcesOf(hostConfig, V1_HOST), {
      memory: {
        limit: 64 * MIB,
        reservation: 32 * MIB,
        swap: 96 * MIB,
        kernel: 50 * MIB,
        kernelTCP: 40 * MIB,
        swappiness: 0,
        disableOOMKiller: true,
      },
      cpu: {
        shares: 512,
        period: 50_000,
        quota: 20_000,
        realtimePeriod: 1_000_000,
        realtimeRuntime: 10_000,
        cpus: '0-1',
        mems: '0',
      },
      pids: { limit: 50 },
      blockIO: { weight: 300 },
    });
    // What v2 has not.
    const { memory, cpu } = resourcesOf(hostConfig, V2_HOST);
    assert.deepEqual(memory, { limit: 64 * MIB, reservation: 32 * MIB, swap: 96 * MIB });
    assert.deepEqual(cpu, { shares: 512, period: 50_000, quota: 20_000, cpus: '0-1', mems: '0' });
  });

  it('allows as much swap as memory unless it is told otherwise', () => {
    const memoryOf = (hostConfig: HostConfig, host = V1_HOST) => resourcesOf(hostConfig, host).memory;
    assert.deepEqual(memoryOf({ Memory: 8 * MIB }), { limit: 8 * MIB, swap: 16 * MIB });
    assert.deepEqual(memoryOf({ Memory: 8 * MIB, MemorySwap: -1 }), { limit: 8 * MIB });
    assert.deepEqual(memoryOf({ Memory: 8 * MIB }, lacking(V1_HOST, 'swap')), { limit: 8 * MIB });
    assert.deepEqual(memoryOf({ Memory: 8 * MIB, MemorySwap: 9 * MIB }, lacking(V1_HOST, 'swap')), { limit: 8 * MIB });
  });

  it('turns a share of CPUs into a quota without rounding errors', () => {
    const cpuOf = (NanoCpus: number) => resourcesOf({ NanoCpus }, V1_HOST).cpu;
    assert.deepEqual(cpuOf(290_000_000), { period: 100_000, quota: 29_000 });
    assert.deepEqual(cpuOf(1_500_000_000), { period: 100_000, quota: 150_000 });
  });

  it('refuses to limit the I/O of what is no block device', () => {
    const limited = (Path: string) => () => resourcesOf({ BlkioDeviceReadBps: [{ Path, Rate: 1 }] }, V1_HOST);
    assert.throws(limited('/dev/null'), { name: 'InvalidArgumentError', message: /not a block device/ });
    assert.throws(limited('/dev/not-there'), { message: 'stat /dev/not-there: no such file or directory' });
    assert.deepEqual(
      resourcesOf({ BlkioDeviceReadBps: [{ Path: '/dev/null', Rate: 1 }] }, lacking(V1_HOST, 'blkio-read-bps')),
      {},
    );
  });
});

describe('updatedResources', () => {
  it('sends only what is changed, and never a 0', () => {
    assert.deepEqual(updatedResources({ Memory: 64 * MIB }, { CpuShares: 100, Memory: 0, CpuQuota: 0 }, V1_HOST), {
      cpu: { shares: 100 },
    });
    assert.deepEqual(updatedResources({}, {}, V1_HOST), {});
  });

  it('lets swap follow memory only when nobody set it', () => {
    const change = { Memory: 32 * MIB };
    const sent = (MemorySwap: number) => updatedResources({ Memory: 16 * MIB, MemorySwap }, change, V1_HOST).memory;
    assert.deepEqual(sent(0), { limit: 32 * MIB, swap: 64 * MIB });
    assert.deepEqual(sent(48 * MIB), { limit: 32 * MIB });
    assert.deepEqual(sent(-1), { limit: 32 * MIB });
    assert.throws(() => sent(24 * MIB), { name: 'ConflictError', message: /already set memoryswap limit/ });
  });

  it('lifts limits with -1', () => {
    assert.deepEqual(updatedResources({}, { MemorySwap: -1, CpuQuota: -1, PidsLimit: 0 }, V1_HOST), {
      memory: { swap: -1 },
      cpu: { quota: -1 },
      pids: { limit: -1 },
    });
  });

  it('refuses to mix NanoCpus with period and quota', () => {
    const refused = (before: HostConfig, change: HostConfig) =>
      assert.throws(() => updatedResources(before, change, V1_HOST), { name: 'ConflictError' });
    refused({ NanoCpus: 1e9 }, { CpuQuota: 1000 });
    refused({ NanoCpus: 1e9 }, { CpuPeriod: 1000 });
    refused({ CpuQuota: 1000 }, { NanoCpus: 1e9 });
    refused({ CpuPeriod: 1000 }, { NanoCpus: 1e9 });
  });
});
