import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import type { ContainerEvent } from '../../../src/libcontainerd/event.js';
import { isAlive } from '../../../src/platform/process.js';
import { shimsOf } from '../host/leftovers.js';
import { missing } from '../host/requirements.js';
import { discard, finish, inParallel, type Running, run, sh } from '../host/run-container.js';
import { TestHost } from '../host/test-host.js';
import { until } from '../host/until.js';

const skip = missing('containerd', 'runc', 'busybox');
const STATES_RIGHT_WITHIN_MS = 5_000;

describe('containerd killed with SIGKILL', { skip }, () => {
  let host: TestHost;
  before(async () => {
    // Restarted by the test itself, so that the outage is as long as it wants.
    host = await TestHost.start({ backoff: { minMs: 2_000, maxMs: 2_000 } });
  });
  after(() => host.stop());

  /** Kills containerd and resolves when it is gone; the supervisor starts it again 2 s later. */
  async function killContainerd(): Promise<void> {
    const pid = host.containerd.pid;
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    await until('containerd is gone', () => !isAlive(pid));
  }

  const backAgain = () => until('containerd is back', () => host.containerd.state.kind === 'running', 20_000);

  it('ends with 20 right states when 5 of 20 containers exit during the outage', async () => {
    const client = await host.client({ namespace: 'outage' });
    const events: ContainerEvent[] = [];
    client.subscribe((event) => void events.push(event));
    const running: Running[] = [];
    await inParallel(20, 4, async (index) => {
      let ready: Promise<unknown> | undefined;
      running[index] = await run(client, `c${index}`, {
        rootfs: host.rootfs,
        args: sh(`trap 'exit ${40 + index}' TERM; echo ready; while :; do sleep 60 & wait $!; done`),
        attach: ({ stdout }) => {
          ready = stdout === undefined ? undefined : once(stdout, 'data');
        },
      });
      await ready;
    });
    const doomed = running.slice(0, 5);
    const pids = doomed.map(({ task }) => task.pid);
    await killContainerd();
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    await until('five inits are gone', () => pids.every((pid) => !isAlive(pid)));
    await backAgain();
    const backAt = Date.now();
    const exits = await Promise.all(doomed.map(({ task }) => task.wait({ timeoutMs: STATES_RIGHT_WITHIN_MS })));
    assert.ok(Date.now() - backAt < STATES_RIGHT_WITHIN_MS);
    assert.deepEqual(
      exits.map(({ code, exitUnknown }) => ({ code, exitUnknown })),
      [40, 41, 42, 43, 44].map((code) => ({ code, exitUnknown: false })),
    );
    for (const { task } of running.slice(5)) {
      assert.equal((await task.status()).status, 'running');
      assert.equal(task.state.exit, undefined);
    }
    const exitEvents = events.filter(({ type }) => type === 'exit').map(({ containerId }) => containerId);
    assert.deepEqual(exitEvents.sort(), ['c0', 'c1', 'c2', 'c3', 'c4']);
    // Events work again: the others end as they should.
    for (const [index, { task }] of running.entries()) {
      if (index >= 5) await task.kill('SIGTERM');
    }
    const codes = await Promise.all(running.slice(5).map((each) => finish(each)));
    assert.deepEqual(
      codes.map(({ code }) => code),
      running.slice(5).map((_, index) => 45 + index),
    );
    for (const each of doomed) await finish(each);
    await client.close();
  });

  it('calls the exit of a task unknown that vanished with its shim', async () => {
    const client = await host.client({ namespace: 'vanish', goneGraceMs: 1_000 });
    const lost = await run(client, 'lost', { rootfs: host.rootfs, args: ['/bin/sleep', '1000'] });
    const kept = await run(client, 'kept', { rootfs: host.rootfs, args: ['/bin/sleep', '1000'] });
    const [shim] = (await shimsOf(host.folder)).filter(({ command }) => command.includes('-id lost'));
    assert.ok(shim !== undefined);
    await killContainerd();
    process.kill(shim.pid, 'SIGKILL');
    process.kill(lost.task.pid, 'SIGKILL');
    await until('the shim is gone', () => !isAlive(shim.pid));
    await backAgain();
    const exit = await lost.task.wait({ timeoutMs: STATES_RIGHT_WITHIN_MS });
    assert.deepEqual({ code: exit.code, exitUnknown: exit.exitUnknown }, { code: 255, exitUnknown: true });
    assert.equal(kept.task.state.exit, undefined);
    await lost.task.delete().catch(() => {});
    await lost.container.delete();
    await discard(kept);
    await client.close();
  });

  it('goes on with an exec that outlives the outage, and hears of one that does not', async () => {
    const client = await host.client({ namespace: 'execs' });
    const running = await run(client, 'execs', { rootfs: host.rootfs, args: ['/bin/sleep', '1000'] });
    const stays = await running.task.exec('stays', {
      args: sh('trap "exit 9" TERM; while :; do sleep 60 & wait $!; done'),
      cwd: '/',
      env: ['PATH=/bin'],
    });
    const ends = await running.task.exec('ends', { args: ['/bin/sleep', '1000'], cwd: '/' });
    await stays.start();
    await ends.start();
    await killContainerd();
    process.kill(ends.pid, 'SIGKILL');
    await backAgain();
    assert.equal((await ends.wait({ timeoutMs: STATES_RIGHT_WITHIN_MS })).code, 137);
    await stays.kill('SIGTERM');
    assert.equal((await stays.wait({ timeoutMs: STATES_RIGHT_WITHIN_MS })).code, 9);
    await ends.delete();
    await stays.delete();
    await discard(running);
    await client.close();
  });
});
