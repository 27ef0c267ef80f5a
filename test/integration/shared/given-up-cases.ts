import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EngineError, isCanceled, isDeadlineExceeded, isNotFound } from '../../../src/errdefs/index.js';
import type { Client } from '../../../src/libcontainerd/types.js';
import { isAlive } from '../../../src/platform/process.js';
import { shimsOf } from '../host/leftovers.js';
import { discard, finish, run, sh } from '../host/run-container.js';
import { containerSpec } from '../host/spec.js';
import { until } from '../host/until.js';
import type { AnyHost, StartHost } from './any-host.js';

const SLEEP = ['/bin/sleep', '1000'];
const DELAYS_MS = [1, 5, 10, 20, 30, 40, 60];
const quiet = { stdio: { attach: () => {} } };

/**
 * Registers the cases over a host of their own.
 * @param execsEndKnown whether the exit of an exec is known whose shim died
 */
export function givenUpCases(name: string, skip: string | false, start: StartHost, execsEndKnown: boolean): void {
  describe(`calls that the caller gives up, ${name}`, { skip }, () => {
    let host: AnyHost;
    let client: Client;
    before(async () => {
      host = await start();
      client = await host.client();
    });
    after(() => host.stop());

    const spec = (args: readonly string[]) =>
      containerSpec({ rootfs: host.rootfs, process: { args, cwd: '/', env: ['PATH=/bin'] } });

    /** The call may have been quicker than its end: then it is undone by hand. */
    async function givenUp(work: Promise<{ forceDelete(): Promise<unknown> }>): Promise<void> {
      try {
        await (await work).forceDelete();
      } catch (err) {
        assert.ok(isCanceled(err) || isDeadlineExceeded(err), String(err));
      }
    }

    it('leaves nothing of a task whose create was given up, and the next create works at once', async () => {
      const container = await client.newContainer('create', { spec: spec(['/bin/true']) });
      for (const [index, ms] of DELAYS_MS.entries()) {
        const call = index % 2 === 0 ? { timeoutMs: ms } : { signal: AbortSignal.timeout(ms) };
        await givenUp(container.newTask(quiet, call));
        const task = await container.newTask(quiet);
        await task.start();
        assert.equal((await task.wait({ timeoutMs: 30_000 })).code, 0);
        await task.delete();
      }
      await container.delete();
      assert.deepEqual(await host.leftovers(), []);
    });

    it('leaves nothing of an exec whose start was given up', async () => {
      const running = await run(client, 'execs', { rootfs: host.rootfs, args: SLEEP });
      for (const ms of DELAYS_MS) {
        const exec = await running.task.exec('same', { args: ['/bin/sleep', '2000'], cwd: '/' }, quiet);
        const started = await exec.start({ timeoutMs: ms }).then(
          () => true,
          () => false,
        );
        if (!started) continue;
        await exec.kill('SIGKILL');
        await exec.wait({ timeoutMs: 10_000 });
        await exec.delete();
      }
      const last = await running.task.exec('same', { args: ['/bin/true'], cwd: '/' }, quiet);
      await last.start();
      assert.equal((await last.wait({ timeoutMs: 10_000 })).code, 0);
      await last.delete();
      assert.deepEqual(await running.task.pids(), [running.task.pid]);
      await discard(running);
    });

    it('never touches a task that runs', async () => {
      const running = await run(client, 'runs', { rootfs: host.rootfs, args: SLEEP });
      const other = await (await host.client()).loadContainer('runs');
      for (const container of [running.container, other]) {
        await assert.rejects(container.newTask(quiet, { signal: AbortSignal.abort() }), isCanceled);
        await assert.rejects(container.newTask(quiet, { timeoutMs: 1 }), EngineError);
        await assert.rejects(container.newTask(quiet), { code: 'ERR_TASK_EXISTS' });
        await assert.rejects(container.delete(), { code: 'ERR_FAILED_PRECONDITION' });
      }
      assert.equal((await running.task.status()).status, 'running');
      await discard(running);
    });

    it('does not wait for an attach callback that never settles', async () => {
      const never = { stdio: { attach: () => new Promise<void>(() => {}) } };
      const container = await client.newContainer('never', { spec: spec(['/bin/true']) });
      await assert.rejects(container.newTask(never, { timeoutMs: 50 }), isDeadlineExceeded);
      const task = await container.newTask(quiet);
      await task.start();
      assert.equal((await finish({ container, task })).code, 0);
    });

    it('starts fifty execs at once', async () => {
      const running = await run(client, 'fifty', { rootfs: host.rootfs, args: SLEEP });
      const codes = await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const process = { args: sh(`exit ${index}`), cwd: '/', env: ['PATH=/bin'] };
          const exec = await running.task.exec(`e${index}`, process, quiet);
          await exec.start({ timeoutMs: 30_000 });
          const { code } = await exec.wait({ timeoutMs: 30_000 });
          await exec.delete();
          return code;
        }),
      );
      assert.deepEqual(
        codes,
        Array.from({ length: 50 }, (_, index) => index),
      );
      await discard(running);
    });

    it('ends those who wait for an exec when its shim dies', async () => {
      const impatient = await host.client({ namespace: 'shim', goneGraceMs: 500 });
      const running = await run(impatient, 'dies', { rootfs: host.rootfs, args: SLEEP });
      const exec = await running.task.exec('e', { args: SLEEP, cwd: '/' });
      await exec.start();
      const waiting = exec.wait({ timeoutMs: 20_000 });
      const shim = (await shimsOf(host.folder)).find(({ command }) => command.includes('-id dies'));
      assert.ok(shim !== undefined);
      process.kill(shim.pid, 'SIGKILL');
      assert.equal((await running.task.wait({ timeoutMs: 10_000 })).code, 137);
      assert.equal((await waiting).exitUnknown, !execsEndKnown);
      await until('the exec is gone', () => !isAlive(exec.pid));
      await running.task.delete().catch((err: unknown) => assert.ok(isNotFound(err), String(err)));
      await running.container.delete();
      await impatient.close();
    });
  });
}
