import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { identify, lives } from '../../../platform/process-identity.js';
import { livingProcessOf, readPidfile, writePidfile } from './pidfile.js';

const skip = process.platform === 'linux' ? false : 'needs /proc';

describe('pidfile', { skip, timeout: 30_000 }, () => {
  let folder = '';
  let path = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'managed-pidfile-'));
    path = join(folder, 'p.pid');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('names a living process', () => {
    const self = identify(process.pid);
    assert.ok(self !== undefined && self.startTime > 0);
    writePidfile(path, self);
    assert.match(readFileSync(path, 'utf8'), new RegExp(`^${process.pid}\n`));
    assert.deepEqual(livingProcessOf(path), self);
    assert.deepEqual(readdirSync(folder), ['p.pid']);
  });

  it('does not take another process with the same pid for it', () => {
    const self = identify(process.pid);
    assert.ok(self !== undefined);
    for (const other of [{ startTime: self.startTime - 1 }, { bootId: '00000000-0000-0000-0000-000000000000' }]) {
      writePidfile(path, { ...self, ...other });
      assert.deepEqual(readPidfile(path), { ...self, ...other });
      assert.equal(livingProcessOf(path), undefined);
    }
  });

  it('is undefined for a missing, broken or foreign file', () => {
    for (const text of ['', '1', '1\n', 'abc\n1\n\n', '0\n1\n\n', '-1\n1\n\n', '99999999\n1\n\n', '1\n2\nx\ny\n']) {
      writeFileSync(path, text);
      assert.equal(readPidfile(path), undefined, JSON.stringify(text));
    }
    assert.equal(readPidfile(join(folder, 'absent')), undefined);
  });

  it('takes a zombie for dead, and a reaped one', async () => {
    // The shell becomes `sleep` and so never waits for its own child, which ends after that.
    const parent: ChildProcess = spawn('/bin/sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      assert.ok(parent.stdout !== null && parent.pid !== undefined);
      const [chunk] = await once(parent.stdout, 'data');
      const zombie = Number(String(chunk).trim());
      while (identify(zombie) !== undefined) await new Promise(setImmediate);
      assert.match(readFileSync(`/proc/${zombie}/stat`, 'utf8'), /\) Z /);
      const identity = identify(parent.pid);
      assert.ok(identity !== undefined && lives(identity));
      parent.kill('SIGKILL');
      await once(parent, 'exit');
      assert.equal(lives(identity), false);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('names no process for pids that are none', () => {
    for (const pid of [0, -1, 1.5, Number.NaN, 4_194_305]) assert.equal(identify(pid), undefined);
  });
});
