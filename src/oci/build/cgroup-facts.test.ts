import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { MountPoint } from '../../platform/mount-info.js';
import { cgroupFactsOf } from './cgroup-facts.js';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cgroup-facts-'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

async function files(contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(contents)) {
    await mkdir(dirname(join(base, path)), { recursive: true });
    await writeFile(join(base, path), text);
  }
}

function mount(path: string, fsType: string, options = 'rw'): MountPoint {
  return { path: join(base, path), root: '/', fsType, source: 'cgroup', options, propagation: [] };
}

describe('cgroupFactsOf', () => {
  it('finds the limits of cgroup v1 by their files', async () => {
    await files({
      'memory/memory.limit_in_bytes': '',
      'memory/memory.swappiness': '',
      'cpu,cpuacct/cpu.cfs_quota_us': '',
      'cpuset/cpuset.cpus': '0-1\n',
      'cpuset/cpuset.mems': '0\n',
    });
    const facts = await cgroupFactsOf(
      [
        mount('memory', 'cgroup', 'rw,memory'),
        mount('cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct'),
        mount('cpuset', 'cgroup', 'rw,cpuset'),
        mount('systemd', 'cgroup', 'rw,name=systemd'),
      ],
      base,
    );
    assert.equal(facts.cgroupVersion, 1);
    assert.deepEqual([...facts.controllers].sort(), ['cpu', 'cpuacct', 'cpuset', 'memory']);
    assert.deepEqual([...facts.limits].sort(), ['cpu-cfs', 'cpuset', 'memory', 'swappiness']);
    assert.equal(facts.cpus, '0-1');
    assert.equal(facts.mems, '0');
  });

  it('keeps to v1 when a cgroup2 is mounted beside', async () => {
    await files({ 'memory/memory.limit_in_bytes': '', 'unified/cgroup.controllers': 'hugetlb' });
    const facts = await cgroupFactsOf([mount('memory', 'cgroup', 'rw,memory'), mount('unified', 'cgroup2')], base);
    assert.equal(facts.cgroupVersion, 'hybrid');
    assert.deepEqual([...facts.limits], ['memory']);
  });

  it('finds those of cgroup v2 by its controllers, and swap and weight by a cgroup below', async () => {
    await files({
      'cgroup.controllers': 'cpuset cpu io memory pids\n',
      'cpuset.cpus.effective': '0-3\n',
      'plain/cgroup.procs': '',
      'slice/memory.max': 'max',
      'slice/memory.swap.max': 'max',
      'slice/io.max': '',
    });
    const facts = await cgroupFactsOf([mount('', 'cgroup2')], base);
    assert.equal(facts.cgroupVersion, 2);
    assert.equal(facts.cpus, '0-3');
    assert.ok(facts.limits.has('swap') && facts.limits.has('cpuset') && facts.limits.has('blkio-read-iops'));
    for (const limit of ['swappiness', 'kernel-memory', 'oom-kill-disable', 'cpu-realtime', 'blkio-weight'] as const) {
      assert.ok(!facts.limits.has(limit), limit);
    }
  });

  it('finds nothing where nothing is mounted', async () => {
    const facts = await cgroupFactsOf([], base);
    assert.equal(facts.cgroupVersion, 1);
    assert.equal(facts.limits.size, 0);
  });
});
