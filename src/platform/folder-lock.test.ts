import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { ConflictError } from '../errdefs/index.js';
import { acquireFolderLock, type Lock } from './folder-lock.js';
import { identify } from './process-identity.js';
import { acquireRootLock } from './root-lock.js';

const skip = process.platform === 'linux' ? false : 'needs /proc';

const acquireLock = (folder: string): Promise<Lock> =>
  acquireFolderLock(folder, (pid) => new ConflictError('busy', { fields: { pid } }));

describe('acquireFolderLock', { skip }, () => {
  let folder = '';
  let path = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'managed-lock-'));
    path = join(folder, 'x.lock');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is held once, also in one process, and leaves nothing behind', async () => {
    const lock = await acquireLock(path);
    await assert.rejects(acquireLock(path), {
      name: 'ConflictError',
      message: 'busy',
      fields: { pid: process.pid },
    });
    lock.release();
    lock.release();
    assert.equal(existsSync(path), false);
    (await acquireLock(path)).release();
  });

  it('is taken from the dead', async () => {
    const dead = spawnSync('/bin/true').pid;
    const self = identify(process.pid);
    assert.ok(self !== undefined);
    mkdirSync(path);
    const uuid = '00000000-0000-0000-0000-000000000000';
    // A process that is gone; our own pid at another time; our own pid and time before a reboot.
    writeFileSync(join(path, `${dead}.1.${self.bootId}.${uuid}`), '');
    writeFileSync(join(path, `${self.pid}.${self.startTime - 1}.${self.bootId}.${uuid}`), '');
    writeFileSync(join(path, `${self.pid}.${self.startTime}.${uuid}.${uuid}`), '');
    const lock = await acquireLock(path);
    assert.equal(readdirSync(path).length, 1);
    lock.release();
  });

  it('never goes to two of many that come at once', async () => {
    for (let round = 0; round < 5; round++) {
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(path)));
      const locks = results.flatMap((each): Lock[] => (each.status === 'fulfilled' ? [each.value] : []));
      assert.ok(locks.length <= 1, `${locks.length} hold it`);
      for (const lock of locks) lock.release();
    }
    assert.equal(existsSync(path), false);
  });
});

describe('acquireRootLock', { skip }, () => {
  let root = '';
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'root-lock-'));
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  it('refuses a second client of the same process', async () => {
    const lock = await acquireRootLock(root);
    await assert.rejects(acquireRootLock(root), {
      name: 'ConflictError',
      code: 'ERR_ROOT_BUSY',
      message: `own ${root}: another client of this process (${process.pid}) uses it; give this one another root, or stop the other first`,
      fields: { path: root, pid: process.pid },
    });
    lock.release();
    (await acquireRootLock(root)).release();
  });

  it('names the other process, and takes the root when that was killed', async () => {
    const self = import.meta.url.replace('folder-lock.test.js', 'root-lock.js');
    const script = `const { acquireRootLock } = await import(process.argv[1]);
      await acquireRootLock(process.argv[2]); console.log('held'); process.stdin.resume();`;
    const other = spawn(process.execPath, ['--input-type=module', '-e', script, self, root], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      await once(other.stdout, 'data');
      await assert.rejects(acquireRootLock(root), { code: 'ERR_ROOT_BUSY', fields: { path: root, pid: other.pid } });
    } finally {
      other.kill('SIGKILL');
      await once(other, 'exit');
    }
    (await acquireRootLock(root)).release();
  });

  it('says when the root cannot be written', async () => {
    await assert.rejects(acquireRootLock('/proc/1'), (err) => err instanceof Error && 'errorClass' in err);
  });
});
