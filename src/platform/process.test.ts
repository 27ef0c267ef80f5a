import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { commandLine, isAlive, parseStartTime, processStartTime } from './process.js';

describe('process', () => {
  const child = spawn('cat', ['-', ''], { stdio: ['pipe', 'ignore', 'ignore'] });
  const pid = child.pid ?? 0;

  before(() => once(child, 'spawn'));
  after(() => child.kill());

  it('tells the living from groups and from pids that cannot be', () => {
    assert.equal(isAlive(process.pid), true);
    assert.equal(isAlive(pid), true);
    for (const none of [0, -1, -process.pid, 1.5, Number.NaN, 2 ** 22 + 1])
      assert.equal(isAlive(none), false, `${none}`);
  });

  it('knows when a process started, the same every time', async () => {
    const own = await processStartTime(process.pid);
    const child = await processStartTime(pid);
    assert.ok(own !== undefined && child !== undefined && own > 0 && child >= own);
    assert.equal(await processStartTime(process.pid), own);
  });

  it('is not misled by the name of a program', () => {
    const rest = `S ${Array.from({ length: 18 }, (_, i) => i + 4).join(' ')} 4711 23 24`;
    for (const name of ['sh', 'a b', ')', ') R 1 2 3', '((', 'x)\n1 2']) {
      assert.equal(parseStartTime(`12 (${name}) ${rest}\n`), 4711, name);
    }
    assert.equal(parseStartTime('12 (sh) S 1 2\n'), undefined);
    assert.equal(parseStartTime(''), undefined);
  });

  it('gives the arguments, empty ones too', async () => {
    assert.deepEqual(await commandLine(pid), ['cat', '-', '']);
  });

  it('knows nothing of a process that ended', async () => {
    const ended = spawn('true');
    await once(ended, 'exit');
    const endedPid = ended.pid ?? 0;
    assert.equal(isAlive(endedPid), false);
    assert.equal(await processStartTime(endedPid), undefined);
    assert.equal(await commandLine(endedPid), undefined);
    assert.equal(await processStartTime(-1), undefined);
  });
});
