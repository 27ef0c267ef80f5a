import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { LocalClient } from '../../../src/libcontainerd/local/linux/client.js';
import { shimsOf } from '../host/leftovers.js';
import { LocalHost } from '../host/local-host.js';
import { missing } from '../host/requirements.js';
import { discard, finish, type Running, sh } from '../host/run-container.js';
import { cgroupOf, end, isRunning, overlay, shimPidOf, shimSocketOf, tracesOf, victimSpec } from './traces.js';

const skip = missing('containerd-shim-runc-v2', 'runc', 'busybox');
const GROUP = 'io.containerd.runc.v2.group';
const SLEEP = ['/bin/sleep', '1000'];
const COUNT = 3;

for (const warmShims of [0, 2]) {
  describe(`containers of one group, ${warmShims === 0 ? 'cold' : 'warm'}`, { skip }, () => {
    let host: LocalHost;
    let client: LocalClient;
    before(async () => {
      host = await LocalHost.start({ warmShims });
      client = await host.client();
    });
    after(() => host.stop());

    async function start(id: string, group: string, args = SLEEP): Promise<Running> {
      const container = await client.newContainer(id, {
        spec: victimSpec(host, { args, annotations: { [GROUP]: group } }),
      });
      const task = await container.newTask();
      await task.start();
      return { container, task };
    }

    async function startAll(group: string): Promise<Running[]> {
      const all: Running[] = [];
      for (let index = 0; index < COUNT; index++) all.push(await start(`${group}-${index}`, group));
      return all;
    }

    async function shimOf(running: readonly Running[]): Promise<number> {
      const pids = new Set(await Promise.all(running.map(({ container }) => shimPidOf(host, container.id))));
      assert.equal(pids.size, 1, 'one shim serves them all');
      return [...pids][0] ?? 0;
    }

    it('share one shim, which ends with the last of them', async () => {
      const all = await startAll('shared');
      const shim = await shimOf(all);
      const warm = (await shimsOf(host.folder)).filter(({ command }) => command.includes('-id warm-'));
      assert.equal((await shimsOf(host.folder)).length - warm.length, 1);
      for (const running of all) {
        assert.ok(await isRunning(shim));
        assert.equal((await running.task.status()).status, 'running');
        await discard(running);
      }
      assert.ok(!(await isRunning(shim)));
    });

    it('leave the others alone when one ends or is deleted, and take in another one', async () => {
      const [first, second, third] = await startAll('left');
      assert.ok(first !== undefined && second !== undefined && third !== undefined);
      await discard(first);
      assert.equal((await second.task.status()).status, 'running');
      const short = await start('left-3', 'left', sh('exit 6'));
      await shimOf([second, third, short]);
      assert.equal((await finish(short)).code, 6);
      await discard(third);
      await discard(second);
    });

    it('are found again after a restart of the engine', async () => {
      const shim = await shimOf(await startAll('found'));
      await host.reopen();
      client = await host.client();
      const found: Running[] = [];
      for (const { container, task, error } of await client.restore()) {
        assert.equal(error, undefined);
        assert.equal(task?.state.status, 'running');
        found.push({ container, task });
      }
      assert.equal(found.length, COUNT);
      assert.equal(await shimOf(found), shim);
      for (const running of found) await discard(running);
      assert.ok(!(await isRunning(shim)));
    });

    it('all end when their shim is killed, each with its own cleanup', async () => {
      const all = await startAll('killed');
      const layers = await overlay(host, 'mounted');
      const spec = victimSpec(host, { args: SLEEP, rootfs: 'rootfs', annotations: { [GROUP]: 'killed' } });
      const container = await client.newContainer('mounted', { spec });
      const mounted = { container, task: await container.newTask({ rootfs: layers.mounts }) };
      await mounted.task.start();
      all.push(mounted);
      const other = await start('other', 'other');
      const socket = (await shimSocketOf(host, 'killed-0')) ?? '';
      assert.ok(existsSync(socket));
      await end(await shimOf(all));
      for (const { container: each, task } of all) {
        assert.equal((await task.wait({ timeoutMs: 5_000 })).code, 137, each.id);
        assert.deepEqual(await tracesOf(host, each.id, cgroupOf(each.spec)), []);
        await task.delete();
        await each.delete();
      }
      assert.ok(!existsSync(socket));
      await layers.drop();
      assert.equal((await other.task.status()).status, 'running');
      await discard(other);
      // And the group can be used again.
      await discard(await start('again', 'killed'));
    });
  });
}
