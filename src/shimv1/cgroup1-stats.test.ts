import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isDataLoss } from '../errdefs/index.js';
import { parseEntries } from './cgroup1-blkio.js';
import { readCgroup1Metrics } from './cgroup1-stats.js';

const NO_LIMIT = '9223372036854771712';

describe('readCgroup1Metrics', () => {
  let root: string;
  let folders: Map<string, string>;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cgroup1-stats-'));
    folders = new Map();
  });
  afterEach(() => rm(root, { recursive: true }));

  async function controller(name: string, files: Readonly<Record<string, string>>): Promise<void> {
    const folder = join(root, name);
    await mkdir(folder, { recursive: true });
    folders.set(name, folder);
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), `${text}\n`);
  }

  const entry = (name: string, value: string) => ({
    [`${name}.limit_in_bytes`]: NO_LIMIT,
    [`${name}.usage_in_bytes`]: value,
    [`${name}.max_usage_in_bytes`]: '9000',
    [`${name}.failcnt`]: '3',
  });

  it('reads what each controller tells', async () => {
    await controller('pids', { 'pids.current': '4', 'pids.max': 'max' });
    await controller('cpuacct', {
      'cpuacct.usage': '18446744073709551615',
      'cpuacct.stat': 'user 12\nsystem 3',
      'cpuacct.usage_percpu': '10 0 7 ',
    });
    await controller('cpu', { 'cpu.stat': 'nr_periods 5\nnr_throttled 2\nthrottled_time 77\nnr_bursts 0' });
    await controller('memory', {
      'memory.stat': 'cache 1\nrss 2\nhierarchical_memory_limit 8192\ntotal_unevictable 6',
      'memory.oom_control': 'oom_kill_disable 0\nunder_oom 1\noom_kill 2',
      ...entry('memory', '4096'),
      ...entry('memory.kmem', '512'),
    });
    await controller('hugetlb', {
      'hugetlb.2MB.usage_in_bytes': '2',
      'hugetlb.2MB.max_usage_in_bytes': '4',
      'hugetlb.2MB.failcnt': '1',
      'hugetlb.2MB.rsvd.usage_in_bytes': '9',
    });
    await controller('blkio', {
      'blkio.throttle.io_service_bytes': '250:0 Read 4096\n250:0 Write 0\nTotal 4096',
      'blkio.throttle.io_serviced': 'Total 0',
    });
    const metrics = await readCgroup1Metrics(folders);
    assert.deepEqual(metrics?.pids, { current: 4n, limit: 0n });
    assert.deepEqual(metrics?.cpu?.usage, {
      total: 18446744073709551615n,
      user: 120_000_000n,
      kernel: 30_000_000n,
      perCpu: [10n, 0n, 7n],
    });
    assert.deepEqual(metrics?.cpu?.throttling, { periods: 5n, throttledPeriods: 2n, throttledTime: 77n });
    const { memory } = metrics ?? {};
    assert.deepEqual(
      [memory?.cache, memory?.rss, memory?.hierarchicalMemoryLimit, memory?.totalUnevictable, memory?.dirty],
      [1n, 2n, 8192n, 6n, 0n],
    );
    assert.deepEqual(memory?.usage, { limit: BigInt(NO_LIMIT), usage: 4096n, max: 9000n, failcnt: 3n });
    assert.equal(memory?.kernel?.usage, 512n);
    assert.equal(memory?.swap, undefined);
    assert.deepEqual(metrics?.memoryOomControl, { oomKillDisable: 0n, underOom: 1n, oomKill: 2n });
    assert.deepEqual(metrics?.hugetlb, [{ pagesize: '2MB', usage: 2n, max: 4n, failcnt: 1n }]);
    assert.deepEqual(
      metrics?.blkio?.ioServiceBytesRecursive.map(({ op, major, minor, value }) => [op, major, minor, value]),
      [
        ['Read', 250n, 0n, 4096n],
        ['Write', 250n, 0n, 0n],
      ],
    );
    assert.deepEqual(metrics?.blkio?.ioServicedRecursive, []);
  });

  it('reads the files of the CFQ scheduler where the kernel has them', async () => {
    await controller('blkio', {
      'blkio.io_serviced_recursive': '8:0 Sync 7',
      'blkio.sectors_recursive': '8:0 56',
      'blkio.throttle.io_serviced': '8:0 Sync 1',
    });
    const { blkio } = (await readCgroup1Metrics(folders)) ?? {};
    assert.equal(blkio?.ioServicedRecursive[0]?.value, 7n);
    assert.deepEqual([blkio?.sectorsRecursive[0]?.op, blkio?.sectorsRecursive[0]?.value], ['', 56n]);
  });

  it('leaves out a controller that is missing, and says when all are gone', async () => {
    await controller('pids', { 'pids.current': '1', 'pids.max': '10' });
    folders.set('memory', join(root, 'gone'));
    const metrics = await readCgroup1Metrics(folders);
    assert.deepEqual(metrics?.pids, { current: 1n, limit: 10n });
    assert.deepEqual([metrics?.memory, metrics?.cpu, metrics?.blkio], [undefined, undefined, undefined]);
    await rm(join(root, 'pids'), { recursive: true });
    assert.equal(await readCgroup1Metrics(folders), undefined);
  });

  it('refuses what is no number', async () => {
    await controller('pids', { 'pids.current': 'many', 'pids.max': '10' });
    await assert.rejects(readCgroup1Metrics(folders), isDataLoss);
  });

  it('names devices', () => {
    const [first] = parseEntries('8:16 Discard 1\n', new Map([['8:16', '/dev/sdb']]));
    assert.deepEqual(first, { op: 'Discard', device: '/dev/sdb', major: 8n, minor: 16n, value: 1n });
  });
});
