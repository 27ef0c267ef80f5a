import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import type { ManagedState } from '../../../src/libcontainerd/remote/managed/index.js';
import { freeze } from '../host/freeze.js';
import {
  ctr,
  isAlive,
  isRunning,
  leftovers,
  type Place,
  pidOf,
  pidsWith,
  place,
  untilState,
  untilTrue,
  whySkip,
} from './fixture.js';

const skip = whySkip();

type Restarting = Extract<ManagedState, { kind: 'restarting' }>;
const isRestarting = (state: ManagedState): state is Restarting => state.kind === 'restarting';

describe('managed containerd: faults', { skip, timeout: 120_000 }, () => {
  it('is started again when it is killed', async (t) => {
    const at = place(t);
    const managed = at.managed();
    await managed.start();
    const first = pidOf(managed);
    const lost = untilState(managed, isRestarting);
    process.kill(first, 'SIGKILL');
    assert.deepEqual(await lost, { kind: 'restarting', attempt: 1, delayMs: 100, reason: 'killed by SIGKILL' });
    assert.equal(managed.pid, undefined);
    await untilState(managed, isRunning);
    assert.notEqual(pidOf(managed), first);
    assert.deepEqual(at.pids(), [managed.pid]);
    assert.match(ctr(managed, 'version'), /Server:/);
  });

  it('waits longer from one restart to the next', async (t) => {
    const at = place(t);
    const managed = at.managed({ backoff: { minMs: 10, maxMs: 30 } });
    const delays: [number, number][] = [];
    managed.onStateChange((state) => {
      if (state.kind === 'restarting') delays.push([state.attempt, state.delayMs]);
    });
    await managed.start();
    for (let round = 0; round < 4; round++) {
      const again = untilState(managed, isRunning);
      process.kill(pidOf(managed), 'SIGKILL');
      await again;
    }
    assert.deepEqual(delays, [
      [1, 10],
      [2, 20],
      [3, 30],
      [4, 30],
    ]);
  });

  it('waits shortly again after it ran well for a while', async (t) => {
    const at = place(t);
    const managed = at.managed({ backoff: { minMs: 10, resetAfterMs: 1 } });
    await managed.start();
    for (let round = 0; round < 2; round++) {
      const lost = untilState(managed, isRestarting);
      const again = untilState(managed, isRunning);
      const pid = pidOf(managed);
      const ranSince = performance.now();
      await untilTrue('it ran for 2 ms', () => performance.now() - ranSince > 2);
      process.kill(pid, 'SIGKILL');
      const { attempt, delayMs } = await lost;
      assert.deepEqual([attempt, delayMs], [1, 10]);
      await again;
    }
  });

  it('is replaced when it hangs', async (t) => {
    const at = place(t);
    const managed = at.managed({ health: { intervalMs: 20, timeoutMs: 100, failures: 3 }, backoff: { minMs: 10 } });
    await managed.start();
    const frozen = pidOf(managed);
    const lost = untilState(managed, isRestarting);
    const again = untilState(managed, isRunning);
    await freeze(frozen);
    assert.equal((await lost).reason, 'does not answer');
    assert.equal(isAlive(frozen), false);
    await again;
    assert.deepEqual(at.pids(), [pidOf(managed)]);
    assert.match(ctr(managed, 'version'), /Server:/);
  });

  it('is left alone when it hangs for less than the limit', async (t) => {
    const at = place(t);
    let checks = 0;
    let failing = 0;
    const managed = at.managed({
      health: { intervalMs: 5, failures: 3 },
      // Two failures, a success, and so on.
      probe: async () => {
        checks++;
        if (managed.state.kind === 'running' && checks % 3 !== 0) {
          failing++;
          throw new Error('no');
        }
      },
    });
    await managed.start();
    const pid = pidOf(managed);
    await untilTrue('many checks were made', () => failing >= 20);
    assert.equal(managed.pid, pid);
  });

  it('is tried again for as long as it cannot be started', async (t) => {
    const at = place(t);
    const binary = join(at.dir, 'containerd');
    copyFileSync('/usr/bin/containerd', binary);
    const managed = at.managed({ binary, backoff: { minMs: 5, maxMs: 10 } });
    await managed.start();
    renameSync(binary, `${binary}.away`);
    const third = untilState(managed, (state) => state.kind === 'restarting' && state.attempt === 3);
    process.kill(pidOf(managed), 'SIGKILL');
    const state = await third;
    assert.match(isRestarting(state) ? state.reason : '', /find containerd/);
    const again = untilState(managed, isRunning);
    renameSync(`${binary}.away`, binary);
    await again;
    assert.match(ctr(managed, 'version'), /Server:/);
  });

  it('can be stopped and released while it waits for its restart', async (t) => {
    for (const end of ['stop', 'release'] as const) {
      const at = place(t);
      const managed = at.managed({ backoff: { minMs: 1_000_000, maxMs: 1_000_000 } });
      await managed.start();
      const lost = untilState(managed, isRestarting);
      process.kill(pidOf(managed), 'SIGKILL');
      await lost;
      await managed[end]();
      assert.equal(managed.state.kind, 'stopped');
      if (end === 'stop') assert.deepEqual(leftovers(at, managed), []);
      assert.deepEqual(at.pids(), []);
    }
  });

  it('takes no shim with it', async (t) => {
    const at = place(t);
    const managed = at.managed({ backoff: { minMs: 10 } });
    await managed.start();
    startContainer(at, managed);
    const shims = shimsOf(managed);
    assert.equal(shims.length, 1);
    const again = untilState(managed, isRunning);
    process.kill(pidOf(managed), 'SIGKILL');
    await again;
    assert.match(ctr(managed, 'task', 'ls'), /^sleeper\s+\d+\s+RUNNING$/m);
    await managed.stop();
    assert.ok(shims.every(isAlive), 'the shim lives on after stop');
    await managed.start();
    assert.match(ctr(managed, 'task', 'ls'), /^sleeper\s+\d+\s+RUNNING$/m);
    assert.deepEqual(shimsOf(managed), shims);
  });
});

function startContainer(at: Place, managed: ReturnType<Place['managed']>): void {
  const rootfs = join(at.dir, 'rootfs');
  mkdirSync(join(rootfs, 'bin'), { recursive: true });
  copyFileSync('/bin/busybox', join(rootfs, 'bin', 'busybox'));
  ctr(managed, 'run', '--detach', '--rootfs', rootfs, 'sleeper', '/bin/busybox', 'sleep', '1000');
  at.cleanup(() => {
    ctr(managed, 'task', 'rm', '--force', 'sleeper');
    ctr(managed, 'container', 'rm', 'sleeper');
  });
}

/** By the address that a shim is told to publish its events to. */
function shimsOf(managed: ReturnType<Place['managed']>): number[] {
  return pidsWith('-address', managed.address);
}
