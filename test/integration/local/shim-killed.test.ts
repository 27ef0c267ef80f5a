import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { LocalClient } from '../../../src/libcontainerd/local/linux/client.js';
import type { Container, NewTaskOptions, Task } from '../../../src/libcontainerd/types.js';
import { isAlive } from '../../../src/platform/process.js';
import { LocalHost } from '../host/local-host.js';
import { missing } from '../host/requirements.js';
import { discard, finish, type Running, run, sh } from '../host/run-container.js';
import { until } from '../host/until.js';
import { KINDS } from './kinds.js';
import {
  bundleOf,
  cgroupOf,
  end,
  overlay,
  processesIn,
  shimPidOf,
  shimSocketOf,
  tracesOf,
  type VictimOptions,
  victimSpec,
} from './traces.js';

const SLEEP = ['/bin/sleep', '1000'];
const FAMILY = sh('trap "" TERM; sleep 1000 & sleep 1000 & (sleep 1000 & wait) & wait');
const FAMILY_COUNT = 5;
const REPORTED_WITHIN_MS = 2_000;

for (const { name, core, runtime, needs } of KINDS) {
  describe(`a shim killed with SIGKILL, ${name}`, { skip: missing(needs, 'runc', 'busybox') }, () => {
    let host: LocalHost;
    let client: LocalClient;
    before(async () => {
      host = await LocalHost.start(core);
      client = await host.client({ runtime });
    });
    after(() => host.stop());

    async function start(id: string, options: VictimOptions, taskOptions: NewTaskOptions = {}): Promise<Running> {
      const container = await client.newContainer(id, { spec: victimSpec(host, options) });
      const task = await container.newTask(taskOptions);
      await task.start();
      return { container, task };
    }

    async function killShimOf(id: string): Promise<void> {
      const pid = await shimPidOf(host, id);
      await end(pid);
    }

    /** The id serves the next one at once, in the same container and in one made anew. */
    async function useAgain(container: Container): Promise<void> {
      const spec = victimSpec(host, { args: sh('exit 4') });
      await container.delete();
      const next = await client.newContainer(container.id, { spec });
      const task = await next.newTask();
      await task.start();
      assert.equal((await finish({ container: next, task })).code, 4);
      assert.ok(!existsSync(bundleOf(host, container.id).path));
    }

    it('reports the exit within 2 s, ends all that ran in the container, and leaves the others alone', async () => {
      const lines: number[] = [];
      const other = await run(client, 'other', {
        rootfs: host.rootfs,
        args: sh('trap "exit 9" TERM; i=0; while :; do i=$((i+1)); echo $i; usleep 20000; done'),
        attach: ({ stdout }) => void stdout?.on('data', (data: Buffer) => lines.push(...numbersIn(data))),
      });
      const layers = await overlay(host, 'victim');
      const victim = await start('victim', { args: FAMILY, rootfs: 'rootfs' }, { rootfs: layers.mounts });
      const sharing = await start('sharing', { args: FAMILY, sharesPids: true });
      const exec = await sharing.task.exec('beside', { args: FAMILY, cwd: '/', env: ['PATH=/bin'] });
      await exec.start();
      const cgroups = [victim, sharing].map(({ container }) => cgroupOf(container.spec));
      for (const [index, count] of [FAMILY_COUNT, 2 * FAMILY_COUNT].entries()) {
        await until('the family runs', async () => (await processesIn(cgroups[index] ?? '')).length === count);
      }
      const heard: string[] = [];
      const subscription = client.subscribe(({ containerId, type }) => {
        if (type === 'exit') heard.push(containerId);
      });

      for (const [index, { container, task }] of [victim, sharing].entries()) {
        const { id } = container;
        const socket = await shimSocketOf(host, id);
        assert.ok(socket !== undefined && existsSync(socket));
        process.kill(await shimPidOf(host, id), 'SIGKILL');
        const killedAt = performance.now();
        const exit = await task.wait({ timeoutMs: REPORTED_WITHIN_MS });
        assert.ok(performance.now() - killedAt < REPORTED_WITHIN_MS);
        assert.deepEqual([exit.code, exit.exitUnknown], [137, false]);
        if (id === 'sharing') assert.equal(exec.state.exit?.code, 137, 'its exec ended first');
        assert.deepEqual(await tracesOf(host, id, cgroups[index] ?? ''), [], id);
        await until('an event of its exit', () => heard.includes(id));
        assert.equal((await task.status()).status, 'stopped');
        assert.equal((await task.delete()).code, 137);
        assert.ok(!existsSync(socket), 'the socket of the shim is gone');
        await useAgain(container);
      }
      await subscription.close();
      await layers.drop();

      assert.equal((await other.task.status()).status, 'running');
      const before = lines.length;
      await until('ten more lines', () => lines.length >= before + 10);
      assert.deepEqual(
        lines,
        Array.from({ length: lines.length }, (_, index) => index + 1),
      );
      await other.task.kill('SIGTERM');
      assert.equal((await finish(other)).code, 9);
    });

    it('ends an exec that lives in the pid namespace of the container', async () => {
      const running = await start('with-exec', { args: FAMILY });
      const exec = await running.task.exec('beside', { args: FAMILY, cwd: '/', env: ['PATH=/bin'] });
      await exec.start();
      await killShimOf('with-exec');
      // Init ends when the exec was reaped, now by pid 1 of the host: that is no sooner than it pleases.
      const timeoutMs = 5 * REPORTED_WITHIN_MS;
      const exits = await Promise.all([exec.wait({ timeoutMs }), running.task.wait({ timeoutMs })]);
      assert.deepEqual(
        exits.map(({ code }) => code),
        [137, 137],
      );
      assert.deepEqual(await tracesOf(host, 'with-exec', cgroupOf(running.container.spec)), []);
      await exec.delete();
      await running.task.delete();
      await useAgain(running.container);
    });

    it('tells calls that the task has ended', async () => {
      const { container, task } = await start('told', { args: SLEEP });
      await killShimOf('told');
      await task.wait({ timeoutMs: REPORTED_WITHIN_MS });
      await assert.rejects(task.kill('SIGTERM'), { errorClass: 'not-found' });
      await assert.rejects(task.pids(), { errorClass: 'failed-precondition' });
      await assert.rejects(task.exec('late', { args: SLEEP, cwd: '/' }), { errorClass: 'failed-precondition' });
      await discard({ container, task });
    });

    it('ends a container that is paused, and one that was never started', async () => {
      const paused = await start('paused', { args: FAMILY, sharesPids: true });
      await paused.task.pause();
      const container = await client.newContainer('created', { spec: victimSpec(host, { args: SLEEP }) });
      const created: Running = { container, task: await container.newTask() };
      for (const running of [paused, created]) {
        const { id } = running.container;
        await killShimOf(id);
        assert.equal((await running.task.wait({ timeoutMs: REPORTED_WITHIN_MS })).code, 137, id);
        assert.deepEqual(await tracesOf(host, id, cgroupOf(running.container.spec)), []);
        await running.task.forceDelete();
        await useAgain(running.container);
      }
    });

    it('is found by the next life of the engine when it died while there was none', async () => {
      const killed = await start('while-down', { args: FAMILY });
      const ended = await start('ended', { args: sh('exit 5') });
      assert.equal((await ended.task.wait({ timeoutMs: 10_000 })).code, 5);
      const shims = await Promise.all(['while-down', 'ended'].map((id) => shimPidOf(host, id)));
      const cgroup = cgroupOf(killed.container.spec);
      await host.core.close();
      for (const pid of shims) await end(pid);
      assert.ok(isAlive(killed.task.pid), 'nobody was there to end the container');
      await host.reopen();
      client = await host.client({ runtime });
      const restored = new Map<string, Task | undefined>();
      for (const { container, task, error } of await client.restore()) {
        assert.equal(error, undefined);
        restored.set(container.id, task);
      }
      for (const [id, code] of [
        ['while-down', 137],
        ['ended', 5],
      ] as const) {
        const task = restored.get(id) ?? assert.fail(`${id} has no task`);
        const exit = await task.wait({ timeoutMs: REPORTED_WITHIN_MS });
        assert.deepEqual([exit.code, exit.exitUnknown], [code, false], id);
        await task.delete();
        await useAgain(await client.loadContainer(id));
      }
      assert.deepEqual(await tracesOf(host, 'while-down', cgroup), []);
    });
  });
}

function numbersIn(data: Buffer): number[] {
  return String(data).split('\n').filter(Boolean).map(Number);
}
