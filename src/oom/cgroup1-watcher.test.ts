import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isNotFound, isNotImplemented } from '../errdefs/index.js';
import { createLogger } from '../log/logger.js';
import { Cgroup1OomWatcher } from './cgroup1-watcher.js';

const skip = process.platform === 'linux' ? false : `needs Linux, this is ${process.platform}`;

describe('Cgroup1OomWatcher', { skip }, () => {
  let folder: string;
  let watcher: Cgroup1OomWatcher;
  let told: [string, number, number][];
  let onTold: () => void;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cgroup1-watcher-'));
    await mkdir(join(folder, 'proc/self'), { recursive: true });
    const mount = `24 23 0:5 / ${join(folder, 'memory')} rw - cgroup cgroup rw,memory\n`;
    await writeFile(join(folder, 'proc/self/mountinfo'), mount);
    told = [];
    onTold = () => {};
    watcher = makeWatcher();
  });
  afterEach(async () => {
    watcher.close();
    await rm(folder, { recursive: true, force: true });
  });

  function makeWatcher(intervalMs = 10): Cgroup1OomWatcher {
    const onKills = (...args: [string, number, number]) => {
      told.push(args);
      onTold();
    };
    return new Cgroup1OomWatcher({ intervalMs, onKills, log: createLogger(), proc: join(folder, 'proc') });
  }

  async function container(pid: number, kills: number): Promise<void> {
    await mkdir(join(folder, 'proc', String(pid)), { recursive: true });
    await writeFile(join(folder, 'proc', String(pid), 'cgroup'), `4:memory:/c${pid}\n`);
    await mkdir(join(folder, 'memory', `c${pid}`), { recursive: true });
    await setKills(pid, kills);
  }

  function setKills(pid: number, kills: number): Promise<void> {
    const text = `oom_kill_disable 0\nunder_oom 0\noom_kill ${kills}\n`;
    return writeFile(join(folder, 'memory', `c${pid}`, 'memory.oom_control'), text);
  }

  /** Resolves at the next call of the listener. */
  const nextTold = () =>
    new Promise<void>((resolve, reject) => {
      // Its timer also keeps the process alive; the watcher's does not.
      const deadline = setTimeout(() => reject(new Error('nothing was told')), 5_000);
      onTold = () => {
        clearTimeout(deadline);
        resolve();
      };
    });

  it('tells of each growth once, by which container', async () => {
    await container(1, 0);
    await container(2, 0);
    await watcher.watch('a', 1);
    await watcher.watch('b', 2);
    assert.deepEqual(told, []);
    let heard = nextTold();
    await setKills(2, 1);
    await heard;
    heard = nextTold();
    await setKills(1, 3);
    await heard;
    heard = nextTold();
    await setKills(2, 2);
    await heard;
    assert.deepEqual(told, [
      ['b', 1, 1],
      ['a', 3, 3],
      ['b', 2, 1],
    ]);
  });

  it('tells what happened before the watch, at the watch', async () => {
    await container(1, 2);
    await watcher.watch('a', 1);
    assert.deepEqual(told, [['a', 2, 2]]);
  });

  it('reads at once when asked, and tells it too', async () => {
    watcher.close();
    watcher = makeWatcher(60_000);
    await container(1, 0);
    await watcher.watch('a', 1);
    await setKills(1, 1);
    assert.equal(await watcher.check('a'), 1);
    assert.deepEqual(told, [['a', 1, 1]]);
    assert.equal(await watcher.check('unknown'), 0);
  });

  it('forgets a run when another has its key, and all at close', async () => {
    await container(1, 1);
    await container(2, 0);
    await watcher.watch('a', 1);
    await watcher.watch('a', 2);
    assert.equal(await watcher.check('a'), 0);
    watcher.unwatch('a');
    watcher.unwatch('a');
    assert.equal(await watcher.check('a'), 0);
    assert.deepEqual(told, [['a', 1, 1]]);
    await watcher.watch('a', 1);
    watcher.close();
    assert.equal(await watcher.check('a'), 0);
    await watcher.watch('late', 1);
    assert.equal(await watcher.check('late'), 0);
  });

  it('closes its files', async () => {
    await container(1, 0);
    const openFiles = async () => (await readdir('/proc/self/fd')).length;
    const before = await openFiles();
    for (let i = 0; i < 20; i++) await watcher.watch(i % 2 === 0 ? 'a' : `b${i}`, 1);
    watcher.close();
    const deadline = Date.now() + 5_000;
    while ((await openFiles()) > before) assert.ok(Date.now() < deadline, 'files are left open');
  });

  it('goes on with the others when the listener throws', async () => {
    await container(1, 1);
    await container(2, 1);
    onTold = () => {
      throw new Error('listener');
    };
    await watcher.watch('a', 1);
    await watcher.watch('b', 2);
    assert.equal(told.length, 2);
  });

  it('says why it cannot watch', async () => {
    await assert.rejects(watcher.watch('a', 404), isNotFound);
    await mkdir(join(folder, 'proc/5'));
    await writeFile(join(folder, 'proc/5/cgroup'), '0::/v2\n');
    await assert.rejects(watcher.watch('a', 5), isNotImplemented);
    await container(6, 0);
    await writeFile(join(folder, 'memory/c6/memory.oom_control'), 'oom_kill_disable 0\nunder_oom 0\n');
    await assert.rejects(watcher.watch('a', 6), isNotImplemented);
    assert.equal(await watcher.check('a'), 0);
    await rm(join(folder, 'memory/c6'), { recursive: true });
    await assert.rejects(watcher.watch('a', 6), isNotFound);
  });
});
