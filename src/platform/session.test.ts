import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { describe, it } from 'node:test';
import { isAlive } from './process.js';
import { killOfSession, sessionOf } from './session.js';

// What is in a container, and killed, is in test/integration/daemon/health-probe.test.ts.
describe('sessions', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  it('are read of a process, and belong to whoever began them', async () => {
    const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    await once(child, 'spawn');
    const { pid = 0 } = child;
    const ended = once(child, 'exit');
    try {
      assert.equal(sessionOf(pid), pid);
      assert.notEqual(sessionOf(process.pid), pid);
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
    assert.equal(sessionOf(pid), undefined);
    for (const none of [0, -1, 1.5, Number.NaN]) assert.equal(sessionOf(none), undefined);
  });

  it('leave a process of the host alone', async () => {
    const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    await once(child, 'spawn');
    const { pid = 0 } = child;
    const ended = once(child, 'exit');
    try {
      assert.equal(killOfSession(pid, [pid]), 0);
      assert.ok(isAlive(pid));
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
    assert.equal(killOfSession(pid, [pid]), 0);
  });
});
