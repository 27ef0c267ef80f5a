import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isCanceled, isDeadlineExceeded } from '../../../src/errdefs/index.js';
import type { LocalClient } from '../../../src/libcontainerd/local/linux/client.js';
import type { CallOptions } from '../../../src/libcontainerd/types.js';
import { freeze } from '../host/freeze.js';
import { LocalHost } from '../host/local-host.js';
import { missing } from '../host/requirements.js';
import { discard, finish, type Running, run } from '../host/run-container.js';
import { until } from '../host/until.js';
import { COLD, V1 } from './kinds.js';
import { shimPidOf } from './traces.js';

const SLEEP = ['/bin/sleep', '1000'];
const CALL_MS = 400;
/** Two cores that others use as well. */
const SLACK_MS = 600;
const RESTORE_MS = 5_000;

for (const { name, runtime, needs } of [COLD, V1]) {
  // With API v1 statistics are read from the cgroup, for which nobody has to be asked.
  const asksForStats = runtime !== V1.runtime;

  describe(`a shim that hangs, ${name}`, { skip: missing(needs, 'runc', 'busybox') }, () => {
    let host: LocalHost;
    let client: LocalClient;
    let frozen: Running;
    let shim = 0;
    before(async () => {
      host = await LocalHost.start();
      client = await host.client({ runtime });
      frozen = await run(client, 'frozen', { rootfs: host.rootfs, args: SLEEP });
      shim = await shimPidOf(host, 'frozen');
    });
    after(() => host.stop());

    it('ends every call about it in its time, and is not taken for dead', async () => {
      const { task } = frozen;
      await freeze(shim);
      const calls: Readonly<Record<string, (call: CallOptions) => Promise<unknown>>> = {
        pids: (call) => task.pids(call),
        ...(asksForStats ? { stats: (call: CallOptions) => task.stats(call) } : {}),
        status: (call) => task.status(call),
        exec: (call) => task.exec('added', { args: SLEEP, cwd: '/' }, {}, call),
        resume: (call) => task.resume(call),
        updateResources: (call) => task.updateResources({ pids: { limit: 100 } }, call),
        wait: (call) => task.wait(call),
        kill: (call) => task.kill('SIGURG', call),
        delete: (call) => task.delete(call),
      };
      for (const [what, ask] of Object.entries(calls)) {
        const startedAt = performance.now();
        await assert.rejects(ask({ timeoutMs: CALL_MS }), isDeadlineExceeded, what);
        const tookMs = performance.now() - startedAt;
        assert.ok(tookMs >= CALL_MS - 5 && tookMs < CALL_MS + SLACK_MS, `${what} took ${tookMs} ms`);
        assert.equal(task.state.status, 'running', what);
      }
    });

    it('ends a call with its signal too', async () => {
      const startedAt = performance.now();
      const giveUp = new AbortController();
      setTimeout(() => giveUp.abort(), 100);
      await assert.rejects(frozen.task.pids({ signal: giveUp.signal }), isCanceled);
      assert.ok(performance.now() - startedAt < 100 + SLACK_MS);
    });

    it('is not noticed by others', async () => {
      const startedAt = performance.now();
      const other = await run(client, 'other', { rootfs: host.rootfs, args: ['/bin/true'] });
      assert.equal((await finish(other)).code, 0);
      assert.ok(performance.now() - startedAt < 5_000);
      const lively = await run(client, 'lively', { rootfs: host.rootfs, args: SLEEP });
      const samples = await client.stats(['frozen', 'lively'], { timeoutMs: CALL_MS });
      assert.deepEqual([...samples.keys()], asksForStats ? ['lively'] : ['frozen', 'lively']);
      await discard(lively);
    });

    it('goes on with what it was asked for when it wakes up', async () => {
      process.kill(shim, 'SIGCONT');
      await until('the exec that was given up is gone', async () => {
        const exec = await frozen.task.exec('added', { args: SLEEP, cwd: '/' }).catch(() => undefined);
        await exec?.start();
        await exec?.kill('SIGKILL');
        await exec?.wait({ timeoutMs: 10_000 });
        await exec?.delete();
        return exec !== undefined;
      });
      assert.equal((await frozen.task.status()).status, 'running');
      await frozen.task.updateResources({ pids: { limit: 200 } });
    });

    it('is shown with an error by the next life of the engine, in time, and found when it wakes up', async () => {
      const lively = await run(client, 'lively', { rootfs: host.rootfs, args: SLEEP });
      await freeze(shim);
      const startedAt = performance.now();
      await host.reopen();
      client = await host.client({ runtime });
      const restored = new Map((await client.restore({ timeoutMs: CALL_MS })).map((each) => [each.container.id, each]));
      assert.ok(performance.now() - startedAt < RESTORE_MS, `restored in ${performance.now() - startedAt} ms`);
      assert.equal(restored.get('lively')?.task?.state.status, 'running');
      assert.equal(restored.get('frozen')?.task, undefined);
      assert.ok(isDeadlineExceeded(restored.get('frozen')?.error), String(restored.get('frozen')?.error));
      const container = await client.loadContainer('frozen');
      await assert.rejects(container.task({ timeoutMs: CALL_MS }), isDeadlineExceeded);
      await assert.rejects(container.newTask({}, { timeoutMs: CALL_MS }), { code: 'ERR_TASK_EXISTS' });

      process.kill(shim, 'SIGCONT');
      const task = await container.task({ timeoutMs: 20_000 });
      assert.equal(task.pid, frozen.task.pid);
      assert.equal((await task.status()).status, 'running');
      await discard({ container, task });
      const other = await client.loadContainer('lively');
      await discard({ container: other, task: await other.task() });
      assert.ok(lively.task.pid > 0);
    });

    it('lets the engine close in time', async () => {
      frozen = await run(client, 'frozen', { rootfs: host.rootfs, args: SLEEP });
      shim = await shimPidOf(host, 'frozen');
      await freeze(shim);
      const startedAt = performance.now();
      await host.core.close();
      assert.ok(performance.now() - startedAt < 2_000);
      await host.reopen();
      await host.core.close();
      assert.ok(performance.now() - startedAt < RESTORE_MS);
      process.kill(shim, 'SIGCONT');
      await host.reopen();
      client = await host.client({ runtime });
      const container = await client.loadContainer('frozen');
      await discard({ container, task: await container.task() });
    });
  });
}
