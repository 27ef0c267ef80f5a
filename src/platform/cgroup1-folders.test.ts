import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { cgroup1Folders, cgroup1FoldersAt, parseCgroupPaths } from './cgroup1-folders.js';

describe('cgroup1Folders', () => {
  let proc: string;
  before(async () => {
    proc = await mkdtemp(join(tmpdir(), 'cgroup1-folders-'));
    await mkdir(join(proc, 'self'));
    await mounts(['24 23 0:5 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory']);
  });
  after(() => rm(proc, { recursive: true, force: true }));

  async function processWith(pid: number, ...lines: string[]): Promise<number> {
    await mkdir(join(proc, String(pid)), { recursive: true });
    await writeFile(join(proc, String(pid), 'cgroup'), `${lines.join('\n')}\n`);
    return pid;
  }

  function mounts(lines: readonly string[]): Promise<void> {
    return writeFile(join(proc, 'self/mountinfo'), `${lines.join('\n')}\n`);
  }

  const folders = async (pid: number) => Object.fromEntries((await cgroup1Folders(pid, proc)) ?? []);

  it('joins mount point and path', async () => {
    const pid = await processWith(10, '4:memory:/web/1', '0::/');
    assert.deepEqual(await folders(pid), { memory: '/sys/fs/cgroup/memory/web/1' });
  });

  it('finds a hierarchy that was mounted since, shared controllers, escaped names and parts of a hierarchy', async () => {
    await mounts([
      '24 23 0:5 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
      '25 23 0:6 / /with\\040blank rw shared:9 - cgroup cgroup rw,cpu,cpuacct',
      '26 23 0:7 /docker/x /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids',
      '27 23 0:8 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
    ]);
    const pid = await processWith(11, '5:cpu,cpuacct:/a:b', '4:memory:/', '3:pids:/docker/x/y', '2:blkio:/z');
    assert.deepEqual(await folders(pid), {
      cpu: '/with blank/a:b',
      cpuacct: '/with blank/a:b',
      memory: '/sys/fs/cgroup/memory',
      pids: '/sys/fs/cgroup/pids/y',
    });
  });

  it('names the folders of a cgroup by its path', async () => {
    assert.deepEqual(await cgroup1FoldersAt('/a', proc), new Set(['/sys/fs/cgroup/memory/a', '/with blank/a']));
  });

  it('leaves out what the mount does not show', async () => {
    const pid = await processWith(12, '3:pids:/docker/xy', '4:memory:/m');
    assert.deepEqual(await folders(pid), { memory: '/sys/fs/cgroup/memory/m' });
  });

  it('says that there is no process, also for one that has exited', async () => {
    assert.equal(await cgroup1Folders(99, proc), undefined);
    assert.equal(await cgroup1Folders(await processWith(13, '4:memory:/', '3:pids:/', '0::/x'), proc), undefined);
  });

  it('is empty where there is cgroup v2 alone', async () => {
    assert.deepEqual(await folders(await processWith(14, '0::/system.slice/x')), {});
    assert.equal(parseCgroupPaths('0::/x\n').size, 0);
  });
});
