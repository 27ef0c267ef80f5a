import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineError } from '../../../src/errdefs/index.js';
import type { LocalClient } from '../../../src/libcontainerd/local/linux/client.js';
import type { Container } from '../../../src/libcontainerd/types.js';
import { shimsOf } from '../host/leftovers.js';
import { LocalHost } from '../host/local-host.js';
import { missing, scaled } from '../host/requirements.js';
import { discard, finish, type Running } from '../host/run-container.js';
import { COLD, V1 } from './kinds.js';
import { SEED, seededRandom } from './random.js';
import { bundleOf, cgroupOf, tracesOf, victimSpec } from './traces.js';

const SLEEP = ['/bin/sleep', '1000'];
const TIMES = scaled(20, 2);
/** As long as each of the calls takes here, alone. */
const SPAN_MS = 60;
const CALL = { timeoutMs: 15_000 };
const quiet = { stdio: { attach: () => {} } };

for (const { name, runtime, needs } of [COLD, V1]) {
  describe(`a shim killed in the middle of a call, ${name}, seed ${SEED}`, {
    skip: missing(needs, 'runc', 'busybox'),
  }, () => {
    const random = seededRandom(SEED);
    let host: LocalHost;
    let client: LocalClient;
    before(async () => {
      host = await LocalHost.start();
      client = await host.client({ runtime });
    });
    after(() => host.stop());

    async function killShims(afterMs: number, until: Promise<unknown>): Promise<void> {
      const over = until.then(
        () => true,
        () => true,
      );
      let shims = await shimsOf(host.folder);
      while (shims.length === 0 && !(await Promise.race([over, delay(1, false)]))) shims = await shimsOf(host.folder);
      await delay(afterMs);
      for (const { pid } of [...shims, ...(await shimsOf(host.folder))]) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // A shim's helper ends by itself.
        }
      }
    }

    /** The call, with the shim killed while it runs. It ends either way; a failure is one of ours. */
    async function shot<T>(call: () => Promise<T>): Promise<T | undefined> {
      const calling = call();
      const killing = killShims(random() * SPAN_MS, calling);
      try {
        return await calling;
      } catch (err) {
        assert.ok(err instanceof EngineError, String(err));
        assert.notEqual(err.errorClass, 'deadline-exceeded', err.message);
        return undefined;
      } finally {
        await killing;
      }
    }

    async function create(id: string): Promise<Running> {
      const container = await client.newContainer(id, { spec: victimSpec(host, { args: SLEEP }) });
      return { container, task: await container.newTask(quiet, CALL) };
    }

    /** The container runs again, and then nothing is left of it. */
    async function assertWhole(container: Container): Promise<void> {
      assert.deepEqual(await tracesOf(host, container.id, cgroupOf(container.spec)), []);
      assert.ok(!existsSync(bundleOf(host, container.id).path), 'the bundle is gone');
      const spec = victimSpec(host, { args: ['/bin/true'] });
      await container.delete();
      const next = await client.newContainer(container.id, { spec });
      const task = await next.newTask();
      await task.start();
      assert.equal((await finish({ container: next, task })).code, 0);
      assert.deepEqual(await host.leftovers(), []);
    }

    it(`leaves nothing of a create, ${TIMES} times`, async () => {
      for (let i = 0; i < TIMES; i++) {
        const container = await client.newContainer('create', { spec: victimSpec(host, { args: SLEEP }) });
        const task = await shot(() => container.newTask(quiet, CALL));
        await task?.forceDelete();
        await assertWhole(container);
      }
    });

    it(`ends a task in its start, ${TIMES} times`, async () => {
      for (let i = 0; i < TIMES; i++) {
        const { container, task } = await create('start');
        await shot(() => task.start(CALL));
        assert.equal((await task.wait(CALL)).code, 137);
        await task.delete();
        await assertWhole(container);
      }
    });

    it(`ends a task that gets an exec, ${TIMES} times`, async () => {
      for (let i = 0; i < TIMES; i++) {
        const { container, task } = await create('exec');
        await task.start();
        await shot(async () => {
          const exec = await task.exec('e', { args: SLEEP, cwd: '/' }, quiet, CALL);
          await exec.start(CALL);
        });
        assert.equal((await task.wait(CALL)).code, 137);
        await task.delete();
        await assertWhole(container);
      }
    });

    it(`ends a task in its delete, ${TIMES} times`, async () => {
      for (let i = 0; i < TIMES; i++) {
        const running = await create('delete');
        await running.task.start();
        await running.task.kill('SIGKILL');
        await running.task.wait(CALL);
        const exit = await shot(() => running.task.delete(CALL));
        if (exit === undefined) {
          await running.task.forceDelete().catch((err: unknown) => {
            assert.ok(err instanceof EngineError && err.errorClass === 'not-found', String(err));
          });
        } else assert.equal(exit.code, 137);
        await assertWhole(running.container);
      }
    });

    it('does not reach those that are started after it', async () => {
      await discard(await create('fresh'));
    });
  });
}
