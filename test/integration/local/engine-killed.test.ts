import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isAlive } from '../../../src/platform/process.js';
import { LocalHost } from '../host/local-host.js';
import { missing, scaled } from '../host/requirements.js';
import { inParallel } from '../host/run-container.js';
import { until } from '../host/until.js';

const skip = missing('containerd-shim-runc-v2', 'runc', 'busybox');
const CHILD = fileURLToPath(new URL('../host/local-engine-child.js', import.meta.url));
const COUNT = scaled(100, 10);
const ENDING = scaled(30, 3);
const TAIL = '0123456789abcde\n'.repeat(2_500);
/** What a FIFO holds. */
const PIPE_BYTES = 64 * 1024;

for (const stdio of ['lossless', 'plain'] as const) {
  describe(`an engine killed with SIGKILL, ${COUNT} containers running, stdio ${stdio}`, { skip }, () => {
    let host: LocalHost;
    let logs: string;
    let engine: ChildProcess;
    before(async () => {
      host = await LocalHost.start({ stdio });
      logs = join(host.folder, 'logs');
      mkdirSync(logs);
      spawnSync('mkfifo', [join(host.rootfs, 'tmp/gate')]);
      await host.core.close();
    });
    after(async () => {
      engine.kill('SIGKILL');
      rmSync(join(host.rootfs, 'tmp/gate'));
      await host.stop();
    });

    async function startEngine(): Promise<Record<string, number>> {
      const { root = '', state = '' } = host.options;
      const args = [CHILD, root, state, stdio, host.rootfs, logs, String(COUNT), String(ENDING)];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      engine = child;
      for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
      throw new Error('the engine ended before its containers ran');
    }

    it(`finds ${COUNT - ENDING} running and ${ENDING} ended, with their codes, times and output`, async () => {
      const pids = await startEngine();
      assert.equal(Object.keys(pids).length, COUNT);
      const containerds = spawnSync('pgrep', ['-f', `containerd .*${host.folder}`]);
      assert.equal(String(containerds.stdout), '', 'no containerd serves them');
      engine.kill('SIGKILL');
      await once(engine, 'exit');

      const openedAt = Date.now();
      writeFileSync(join(host.rootfs, 'tmp/gate'), '');
      const ending = Array.from({ length: ENDING }, (_, index) => `crash-${index}`);
      await until('the ending ones to end', () => ending.every((id) => !isAlive(pids[id] ?? 0)), 30_000);

      const startedAt = performance.now();
      await host.reopen();
      const client = await host.client({ namespace: 'default' });
      const restored = await client.restore({
        attach:
          ({ id }) =>
          ({ stdout }) => {
            stdout?.on('data', (chunk: Buffer) => appendFileSync(join(logs, id), chunk));
          },
      });
      const tookMs = performance.now() - startedAt;
      assert.ok(tookMs < 5_000, `restored in ${tookMs} ms`);
      assert.equal(restored.length, COUNT);
      for (const { container, task, error } of restored) {
        assert.equal(error, undefined);
        assert.ok(task !== undefined, container.id);
        assert.equal(task.pid, pids[container.id]);
        const index = ending.indexOf(container.id);
        if (index === -1) {
          assert.equal(task.state.status, 'running', container.id);
          continue;
        }
        const exit = task.state.exit ?? assert.fail(`${container.id} has no exit`);
        assert.deepEqual([exit.code, exit.exitUnknown], [10 + index, false], container.id);
        const at = exit.exitedAt.getTime();
        assert.ok(at >= openedAt - 1 && at <= Date.now(), `${container.id} ended at ${at}`);
        await task.delete();
        const expected = `begin\n${TAIL}`;
        const printed = readFileSync(join(logs, container.id), 'utf8');
        if (stdio === 'lossless') assert.ok(printed === expected, `${container.id}: ${printed.length} bytes`);
        else assert.ok(expected.startsWith(printed) && expected.length - printed.length <= PIPE_BYTES, container.id);
        await container.delete();
      }
      const others = restored.filter(({ container }) => !ending.includes(container.id));
      await inParallel(others.length, 10, async (index) => {
        const { container, task } = others[index] ?? assert.fail();
        await task?.kill('SIGTERM');
        assert.equal((await task?.wait({ timeoutMs: 30_000 }))?.code, 21);
        await task?.delete();
        await container.delete();
        const printed = readFileSync(join(logs, container.id), 'utf8');
        const lines = printed.trimEnd().split('\n');
        assert.deepEqual(
          lines,
          lines.map((_, index) => `line ${index + 1}`),
          `${container.id} printed without a gap`,
        );
      });
      assert.deepEqual(await client.containers(), []);
    });
  });
}
