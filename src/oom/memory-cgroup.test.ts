import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { memoryCgroupAt, memoryCgroupOf } from './memory-cgroup.js';
import { readOomKills } from './read-oom-kills.js';

const skip = process.platform === 'linux' ? false : `needs Linux, this is ${process.platform}`;

describe('memoryCgroupOf', { skip }, () => {
  const folders: string[] = [];
  let folder: string;
  let proc: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'memory-cgroup-'));
    folders.push(folder);
    proc = join(folder, 'proc');
    await processWith('self', '4:memory:/engine\n0::/engine\n');
  });
  after(() => Promise.all(folders.map((each) => rm(each, { recursive: true, force: true }))));

  async function processWith(pid: number | string, cgroup: string): Promise<void> {
    await mkdir(join(proc, String(pid)), { recursive: true });
    await writeFile(join(proc, String(pid), 'cgroup'), cgroup);
  }

  function mounts(...lines: string[]): Promise<void> {
    return writeFile(join(proc, 'self/mountinfo'), `${lines.join('\n')}\n`);
  }

  const version1 = (root = '/') => `24 23 0:5 ${root} ${join(folder, 'memory')} rw - cgroup cgroup rw,memory`;
  const version2 = (root = '/') => `25 23 0:6 ${root} ${join(folder, 'unified')} rw - cgroup2 cgroup2 rw`;

  async function counter(path: string, kills: number): Promise<void> {
    const file = path.startsWith('memory/') ? 'memory.oom_control' : 'memory.events';
    await mkdir(join(folder, path), { recursive: true });
    await writeFile(join(folder, path, file), `oom 9\noom_kill ${kills}\noom_group_kill 7\n`);
  }

  const find = (named?: string, pid = 10) => memoryCgroupOf(pid, { named, proc });

  it('finds it on cgroup v1, on v2, and on a host with both', async () => {
    await mounts(version2(), version1());
    await counter('memory/web/1', 3);
    await counter('unified/web/1', 4);
    await processWith(10, '4:memory:/web/1\n0::/web/1\n');
    const first = await find();
    assert.deepEqual(first, { version: 1, folder: join(folder, 'memory/web/1'), path: '/web/1' });
    assert.equal(readOomKills(first), 3);
    await rm(join(folder, 'memory'), { recursive: true });
    const second = await find();
    assert.deepEqual(second, { version: 2, folder: join(folder, 'unified/web/1'), path: '/web/1' });
    assert.equal(readOomKills(second), 4);
  });

  it('goes by the path that the mount shows', async () => {
    await mounts(version1('/host'));
    await counter('memory/web/1', 0);
    await processWith(10, '4:memory:/host/web/1\n');
    const cgroup = { version: 1, folder: join(folder, 'memory/web/1'), path: '/host/web/1' } as const;
    assert.deepEqual(await find(), cgroup);
    assert.deepEqual(await memoryCgroupAt(cgroup.folder, proc), cgroup);
    assert.equal(await memoryCgroupAt('/elsewhere/web/1', proc), undefined);
  });

  it('takes the cgroup of that name, above the one in which the process is', async () => {
    await mounts(version2());
    await counter('unified/docker/web.scope', 0);
    await counter('unified/docker/web.scope/init', 0);
    await processWith(10, '0::/docker/web.scope/init\n');
    assert.equal((await find('web'))?.path, '/docker/web.scope');
    assert.equal(await find('other'), undefined);
  });

  it('finds none of a process that is gone, in the root, in our own, in a removed one, or in another namespace', async () => {
    await mounts(version2());
    await counter('unified', 0);
    await counter('unified/engine', 0);
    await counter('unified/gone (deleted)', 0);
    assert.equal(await find(), undefined);
    for (const path of ['/', '/engine', '/gone (deleted)', '/../other', '/without-controller']) {
      await processWith(10, `0::${path}\n`);
      assert.equal(await find(), undefined, path);
    }
    assert.equal(await find(undefined, 0), undefined);
  });

  it('counts nothing where the cgroup is gone or the kernel does not count', async () => {
    assert.equal(readOomKills({ version: 2, folder: join(folder, 'gone') }), undefined);
    await mkdir(join(folder, 'old'));
    await writeFile(join(folder, 'old/memory.oom_control'), 'oom_kill_disable 0\nunder_oom 0\n');
    assert.equal(readOomKills({ version: 1, folder: join(folder, 'old') }), undefined);
  });
});
