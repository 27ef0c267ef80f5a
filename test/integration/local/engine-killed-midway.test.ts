import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlink } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LocalClient } from '../../../src/libcontainerd/local/linux/client.js';
import { type ShimProcess, shimsOf } from '../host/leftovers.js';
import { LocalHost } from '../host/local-host.js';
import { missing, scaled } from '../host/requirements.js';
import { finish, inParallel, run } from '../host/run-container.js';
import { until } from '../host/until.js';
import { COLD, V1, WARM } from './kinds.js';
import { SEED, seededRandom } from './random.js';
import { bundleOf, cgroupOf, shimPidOf, tracesOf } from './traces.js';

const CHILD = fileURLToPath(new URL('busy-engine-child.js', import.meta.url));
const TIMES = scaled(40, 2);
/** Some rounds of create, start, exec, kill and delete. */
const SPAN_MS = 600;
const IDS = ['busy-0', 'busy-1'];

for (const { name, core, runtime, needs } of [COLD, WARM, V1]) {
  describe(`an engine killed in the middle of its work, ${name}, seed ${SEED}`, {
    skip: missing(needs, 'runc', 'busybox'),
  }, () => {
    const random = seededRandom(SEED);
    let host: LocalHost;
    let engine: ChildProcess | undefined;
    before(async () => {
      host = await LocalHost.start(core);
      await host.core.close();
    });
    after(async () => {
      engine?.kill('SIGKILL');
      await host.stop();
    });

    async function killEngineAfter(ms: number): Promise<void> {
      const { root, state } = host.core;
      const args = [CHILD, root, state, runtime, String(core.warmShims ?? 0), host.rootfs];
      engine = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      assert.ok(engine.stdout !== null);
      await once(engine.stdout, 'data');
      await delay(ms);
      engine.kill('SIGKILL');
      await once(engine, 'exit');
    }

    /** Every task has a state that is true, and a shim that is its own; what there is can be ended. */
    async function assertConsistent(client: LocalClient): Promise<void> {
      const cgroups = new Map<string, string>();
      for (const { container, task, error } of await client.restore()) {
        assert.equal(error, undefined, container.id);
        cgroups.set(container.id, cgroupOf(container.spec));
        if (task !== undefined) {
          assert.ok(['created', 'running', 'stopped'].includes(task.state.status), task.state.status);
          await task.forceDelete();
        }
        await container.delete();
      }
      for (const [id, cgroup] of cgroups) {
        await until(`nothing is left of ${id}`, async () => (await tracesOf(host, id, cgroup)).length === 0);
      }
    }

    it(`has a next life that finds nothing half done, ${TIMES} times`, async () => {
      for (let i = 0; i < TIMES; i++) {
        await killEngineAfter(random() * SPAN_MS);
        await host.reopen();
        await host.core.settled({ timeoutMs: 20_000 });
        const client = await host.client({ namespace: 'default', runtime });
        await assertNoLeakedShim(client);
        await assertConsistent(client);
        await inParallel(IDS.length, IDS.length, async (index) => {
          const again = await run(client, IDS[index] ?? '', { rootfs: host.rootfs, args: ['/bin/true'] });
          assert.equal((await finish(again)).code, 0);
        });
        await host.core.close();
        assert.deepEqual(await host.leftovers(), [], `round ${i}`);
      }
    });

    /** A shim that is in use is noted by its container's bundle, or lives in it if the kill came before the note. */
    async function assertNoLeakedShim(client: LocalClient): Promise<void> {
      const ids = (await client.containers()).map(({ id }) => id);
      const noted = await Promise.all(ids.map((id) => shimPidOf(host, id, 'default').catch(() => 0)));
      const bundles = ids.map((id) => bundleOf(host, id, 'default').path);
      const leaked: ShimProcess[] = [];
      for (const shim of await shimsOf(host.folder)) {
        // Of a folder that is gone the kernel says so: it is no bundle that is in use.
        const cwd = await readlink(`/proc/${shim.pid}/cwd`).catch(() => '');
        const isIdle = /-id warm-/.test(shim.command);
        if (!isIdle && !noted.includes(shim.pid) && !bundles.includes(cwd)) leaked.push(shim);
      }
      assert.deepEqual(leaked, []);
    }
  });
}
