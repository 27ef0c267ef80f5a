import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { describe, it } from 'node:test';
import { processDetails } from './process-details.js';

describe('processDetails', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  it('tells of a process what ps would', async () => {
    const before = Date.now();
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const { pid = 0 } = child;
    const ended = once(child, 'exit');
    try {
      const details = await processDetails(pid);
      assert.ok(details !== undefined);
      const { startedAt, tty, ...rest } = details;
      const uid = process.getuid?.();
      assert.deepEqual(rest, { pid, ppid: process.pid, uid, cpuSeconds: 0, command: 'sleep 1000' });
      assert.ok(Math.abs(startedAt.getTime() - before) < 5_000, startedAt.toISOString());
      assert.ok(Number.isInteger(tty));
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
    assert.equal(await processDetails(pid), undefined);
  });

  it('puts the name of a kernel thread in brackets', async () => {
    const details = await processDetails(2);
    if (details?.ppid === 0) assert.match(details.command, /^\[.+\]$/);
    assert.equal(await processDetails(0), undefined);
  });
});
