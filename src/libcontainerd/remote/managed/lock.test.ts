import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { identify } from './identity.js';
import { acquireLock, type Lock } from './lock.js';

const skip = process.platform === 'linux' ? false : 'needs /proc';

describe('acquireLock', { skip }, () => {
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
      code: 'ERR_SUPERVISOR_BUSY',
      fields: { path, pid: process.pid },
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
