import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { writePidfile } from '../../../src/libcontainerd/remote/managed/pidfile.js';
import { identify } from '../../../src/platform/process-identity.js';
import { freeze } from '../host/freeze.js';
import {
  ctr,
  isAlive,
  isRunning,
  leftovers,
  type Place,
  pidOf,
  place,
  untilState,
  untilTrue,
  whySkip,
} from './fixture.js';

const skip = whySkip();
const MODULE = new URL('../../../src/libcontainerd/remote/managed/index.js', import.meta.url).href;

/** A process that supervises a containerd in this place; resolves with it once that runs. */
async function otherProcess(t: TestContext, at: Place): Promise<{ child: ChildProcess; pid: number }> {
  const program = `
    import { ManagedContainerd } from ${JSON.stringify(MODULE)};
    const options = ${JSON.stringify({ root: at.root, state: at.state })};
    const managed = await ManagedContainerd.start(options);
    console.log(managed.pid);
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    detached: true,
    // containerd puts a copy of its stacks there.
    env: { ...process.env, TMPDIR: at.dir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  assert.ok(child.stdout !== null);
  for await (const line of createInterface(child.stdout)) return { child, pid: Number(line) };
  throw new Error('the other process ended');
}

/** A process that has nothing to do with containerd. */
function stranger(t: TestContext): number {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  assert.ok(child.pid !== undefined);
  return child.pid;
}

describe('managed containerd: adoption', { skip, timeout: 120_000 }, () => {
  it('goes on with the one that was released', async (t) => {
    const at = place(t);
    const first = at.managed();
    await first.start();
    const pid = pidOf(first);
    await Promise.all([first.release(), first.release()]);
    assert.equal(first.state.kind, 'stopped');
    assert.deepEqual(at.pids(), [pid]);
    // It does not supervise any more, and has nothing to stop.
    await first.stop();
    assert.deepEqual(at.pids(), [pid]);

    const second = at.managed({ backoff: { minMs: 10 } });
    await second.start();
    assert.deepEqual(second.state, { kind: 'running', pid, adopted: true });
    assert.match(ctr(second, 'version'), /Server:/);

    // Its death is noticed, though it need not be a child.
    const again = untilState(second, isRunning);
    process.kill(pid, 'SIGKILL');
    await again;
    assert.notEqual(second.pid, pid);
    await second.stop();
    assert.deepEqual(leftovers(at, second), []);
  });

  it('stops an adopted one', async (t) => {
    const at = place(t);
    const first = at.managed();
    await first.start();
    await first.close();
    const second = at.managed({ stopOnClose: true });
    await second.start();
    assert.equal(second.state.kind === 'running' && second.state.adopted, true);
    await second.close();
    assert.deepEqual(leftovers(at, second), []);
  });

  it('goes on after its supervisor was killed, and with its log', async (t) => {
    const at = place(t);
    const { child, pid } = await otherProcess(t, at);
    const busy = at.managed();
    await assert.rejects(busy.start(), {
      code: 'ERR_SUPERVISOR_BUSY',
      fields: { path: `${at.root}/containerd.lock`, pid: child.pid },
    });
    // The whole group of the supervisor, as ^C at a terminal does.
    assert.ok(child.pid !== undefined);
    process.kill(-child.pid, 'SIGINT');
    await once(child, 'exit');
    assert.ok(isAlive(pid));

    const managed = at.managed();
    await managed.start();
    assert.deepEqual(managed.state, { kind: 'running', pid, adopted: true });
    // It has containerd write something.
    process.kill(pid, 'SIGUSR1');
    await untilTrue('it still writes its log', () => readFileSync(at.logPath, 'utf8').includes('goroutine stack dump'));
    assert.ok(isAlive(pid));
    await managed.stop();
    assert.deepEqual(leftovers(at, managed), []);
  });

  it('finds one whose supervisor died before it wrote the pidfile', async (t) => {
    const at = place(t);
    const { child, pid } = await otherProcess(t, at);
    child.kill('SIGKILL');
    await once(child, 'exit');
    rmSync(at.pidfilePath);
    const managed = at.managed();
    await managed.start();
    assert.deepEqual(managed.state, { kind: 'running', pid, adopted: true });
    assert.match(readFileSync(at.pidfilePath, 'utf8'), new RegExp(`^${pid}\n`));
  });

  it('neither adopts nor kills a process that got the pid later', async (t) => {
    const at = place(t);
    const managed = at.managed();
    await managed.start();
    await managed.stop();
    const pid = stranger(t);
    const identity = identify(pid);
    assert.ok(identity !== undefined);
    // An earlier process with this pid; and one that is this process, but no containerd of ours.
    for (const startTime of [identity.startTime - 100, identity.startTime]) {
      writePidfile(at.pidfilePath, { ...identity, startTime });
      await managed.start();
      assert.notEqual(managed.pid, pid);
      assert.deepEqual(managed.state, { kind: 'running', pid: pidOf(managed), adopted: false });
      await managed.stop();
      assert.ok(isAlive(pid));
    }
    writeFileSync(at.pidfilePath, 'nonsense');
    await managed.start();
    assert.match(readFileSync(at.pidfilePath, 'utf8'), new RegExp(`^${pidOf(managed)}\n`));
  });

  it('replaces one that does not answer', async (t) => {
    const at = place(t);
    const first = at.managed();
    await first.start();
    const frozen = pidOf(first);
    await freeze(frozen);
    await first.release();
    const second = at.managed({ health: { timeoutMs: 50, failures: 2 } });
    await second.start();
    assert.deepEqual(second.state, { kind: 'running', pid: pidOf(second), adopted: false });
    assert.equal(isAlive(frozen), false);
    assert.deepEqual(at.pids(), [second.pid]);
  });

  it('needs no tidy folder: a socket and a pidfile of the dead are in nobody’s way', async (t) => {
    const at = place(t);
    const first = at.managed();
    await first.start();
    const pid = pidOf(first);
    await first.release();
    process.kill(pid, 'SIGKILL');
    await untilTrue('it is gone', () => at.pids().length === 0);
    assert.ok(statSync(first.address).isSocket());
    const second = at.managed();
    await second.start();
    assert.deepEqual(second.state, { kind: 'running', pid: pidOf(second), adopted: false });
    assert.match(ctr(second, 'version'), /Server:/);
  });

  it('destroy lets go at once', async (t) => {
    const at = place(t);
    const first = at.managed();
    await first.start();
    const pid = pidOf(first);
    const stopped = untilState(first, (state) => state.kind === 'stopped');
    first.destroy();
    first.destroy();
    await stopped;
    assert.ok(isAlive(pid));
    const second = at.managed({ stopOnClose: true });
    await second.start();
    assert.equal(second.pid, pid);
    const killed = untilState(second, (state) => state.kind === 'stopped');
    second.destroy();
    assert.equal(second.state.kind, 'stopping');
    await killed;
    assert.deepEqual(leftovers(at, second), []);
  });
});
