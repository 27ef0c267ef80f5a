import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Task } from '../../../src/libcontainerd/types.js';
import { isAlive } from '../../../src/platform/process.js';
import { missing } from '../host/requirements.js';
import { collect } from '../host/run-container.js';
import { TestHost } from '../host/test-host.js';
import { until } from '../host/until.js';

const skip = missing('containerd', 'runc', 'busybox');
const NAMESPACE = 'reattach';
const CHILD = fileURLToPath(new URL('../host/engine-child.js', import.meta.url));

describe('our process killed with SIGKILL', { skip }, () => {
  let host: TestHost;
  before(async () => {
    host = await TestHost.start();
    spawnSync('mkfifo', [join(host.rootfs, 'tmp/gate')]);
  });
  after(() => host.stop());

  async function startEngine(): Promise<{ child: ChildProcess; pids: Record<string, number> }> {
    const stateDir = join(host.folder, 'stdio', NAMESPACE);
    const args = [CHILD, host.address, NAMESPACE, stateDir, host.rootfs, join(host.folder, 'runc')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout })) return { child, pids: JSON.parse(line) };
    throw new Error('the engine ended before its containers ran');
  }

  it('finds its containers again: output goes on, stdin works, exits are known', async () => {
    const { child, pids } = await startEngine();
    child.kill('SIGKILL');
    await once(child, 'exit');
    // One of three ends while nobody looks.
    writeFileSync(join(host.rootfs, 'tmp/gate'), 'go\n');
    await until('the short container ended', () => !isAlive(pids.short ?? 0));

    const client = await host.client({ namespace: NAMESPACE });
    const streams = new Map<string, { stdin: Writable | undefined; stdout: Readable | undefined }>();
    const restored = await client.restore({
      attach: (container) => (opened) => void streams.set(container.id, opened),
    });
    const tasks = new Map(restored.map(({ container, task }) => [container.id, task]));
    const taskOf = (id: string): Task => tasks.get(id) ?? assert.fail(`${id} has no task`);
    assert.deepEqual(
      ['counter', 'cat', 'short'].map((id) => taskOf(id).state.status),
      ['running', 'running', 'stopped'],
    );
    assert.equal(taskOf('counter').pid, pids.counter);
    assert.deepEqual((await taskOf('short').wait()).code, 33);

    // The counter was held back by its full pipe at worst: its lines go on without a gap.
    const numbers: number[] = [];
    const lines = createInterface({ input: streams.get('counter')?.stdout ?? assert.fail('no stdout') });
    for await (const line of lines) {
      const number = Number(/^line (\d+)$/.exec(line)?.[1]);
      if (!Number.isNaN(number)) numbers.push(number);
      if (numbers.length === 50) break;
    }
    assert.deepEqual(
      numbers,
      Array.from({ length: 50 }, (_, index) => (numbers[0] ?? 0) + index),
    );
    streams.get('counter')?.stdout?.resume();
    await taskOf('counter').kill('SIGTERM');
    assert.equal((await taskOf('counter').wait({ timeoutMs: 10_000 })).code, 21);

    const cat = streams.get('cat');
    assert.ok(cat?.stdin !== undefined && cat.stdout !== undefined);
    const echoed = collect(cat.stdout);
    cat.stdin.write('said to the second engine\n');
    await taskOf('cat').closeStdin();
    assert.equal((await taskOf('cat').wait({ timeoutMs: 10_000 })).code, 0);
    assert.equal(String(await echoed), 'said to the second engine\n');

    for (const { container, task } of restored) {
      await task?.delete();
      await container.delete();
    }
    rmSync(join(host.rootfs, 'tmp/gate'));
    await client.close();
  });
});
