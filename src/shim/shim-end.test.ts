import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { it } from 'node:test';
import { shimEnded } from './shim-end.js';

it('shimEnded waits for the end of a process, no longer than allowed', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  assert.equal(await shimEnded(pid, 30), false);
  const ended = shimEnded(pid, 10_000);
  child.kill('SIGKILL');
  assert.equal(await ended, true);
  assert.equal(await shimEnded(pid, 0), true);
  assert.equal(await shimEnded(0, 0), true);
});
