import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseMountInfo, readMounts } from '../platform/mount-info.js';
import { adjustOomScore } from './oom-score.js';
import { cgroupRoots, joinCgroup, joinCgroupIn } from './shim-cgroup.js';

const mount = (path: string, type: string, options: string) => `1 2 0:1 / ${path} rw - ${type} ${type} ${options}`;

describe('cgroupRoots', () => {
  it('gives all hierarchies of v1, also beside an idle unified one', () => {
    const text = [
      mount('/', 'ext4', 'rw'),
      mount('/sys/fs/cgroup', 'tmpfs', 'rw'),
      mount('/sys/fs/cgroup/cpu', 'cgroup', 'rw,cpu'),
      mount('/sys/fs/cgroup/systemd', 'cgroup', 'rw,name=systemd'),
      mount('/sys/fs/cgroup/unified', 'cgroup2', 'rw'),
    ].join('\n');
    assert.deepEqual(cgroupRoots(parseMountInfo(text)), ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/systemd']);
  });

  it('gives the unified one where it is alone', () => {
    const text = [mount('/sys', 'sysfs', 'rw'), mount('/sys/fs/cgroup', 'cgroup2', 'rw')].join('\n');
    assert.deepEqual(cgroupRoots(parseMountInfo(text)), ['/sys/fs/cgroup']);
    assert.deepEqual(cgroupRoots([]), []);
  });
});

describe('joinCgroup', () => {
  let dir = '';
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'lcd-cgroup-'));
  });
  after(() => rmSync(dir, { recursive: true }));

  it('joins where the cgroup is, and makes none', async () => {
    for (const root of ['a', 'b', 'c']) mkdirSync(join(dir, root));
    for (const root of ['a', 'b']) {
      mkdirSync(join(dir, root, 'shims'));
      writeFileSync(join(dir, root, 'shims', 'cgroup.procs'), '');
    }
    const roots = ['a', 'b', 'c'].map((root) => join(dir, root));
    await joinCgroupIn(roots, 12, '/shims');
    assert.deepEqual(
      ['a', 'b'].map((root) => readFileSync(join(dir, root, 'shims', 'cgroup.procs'), 'utf8')),
      ['12', '12'],
    );
    await assert.rejects(joinCgroupIn(roots, 12, '/none'), { errorClass: 'not-found' });
    await assert.rejects(joinCgroupIn(roots, 12, '/../a/shims'), { code: 'ERR_OPTION_INVALID' });
  });

  it('moves a process', async (t) => {
    const root = cgroupRoots(await readMounts()).find((path) => path.endsWith('/pids'));
    if (process.geteuid?.() !== 0 || root === undefined) return t.skip('needs root and a pids hierarchy of cgroup v1');
    const name = `lcd-test-${process.pid}`;
    mkdirSync(join(root, name));
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    try {
      await joinCgroup(child.pid ?? 0, `/${name}`);
      assert.ok(readFileSync(`/proc/${child.pid}/cgroup`, 'utf8').includes(`:pids:/${name}\n`));
    } finally {
      child.stdin.end();
      await once(child, 'exit');
      rmdirSync(join(root, name));
    }
    return await assert.rejects(joinCgroup(2 ** 22 + 1, '/'), { errorClass: 'not-found' });
  });
});

describe('adjustOomScore', () => {
  it('gives one more than our own', async () => {
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    await adjustOomScore(child.pid ?? 0);
    const score = (pid: number | undefined) => Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'));
    assert.equal(score(child.pid), Math.min(1000, score(process.pid) + 1));
    child.stdin.end();
    await once(child, 'exit');
    await assert.rejects(adjustOomScore(child.pid ?? 0), { errorClass: 'not-found' });
  });
});
