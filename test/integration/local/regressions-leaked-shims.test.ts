import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { EmbeddedCore } from '../../../src/libcontainerd/local/linux/core.js';
import type { Client, Task } from '../../../src/libcontainerd/types.js';
import { identify } from '../../../src/platform/process-identity.js';
import { freeze } from '../host/freeze.js';
import { LocalHost } from '../host/local-host.js';
import { missing, scaled } from '../host/requirements.js';
import { containerSpec } from '../host/spec.js';
import { until } from '../host/until.js';

const skip = missing('containerd-shim-runc-v2', 'runc', 'busybox');

describe('the search for leaked shims', { skip }, () => {
  let host: LocalHost;
  before(async () => {
    host = await LocalHost.start();
  });
  after(async () => {
    await host.stop();
  });

  async function run(client: Client, id: string): Promise<Task> {
    const process = { args: ['sleep', '600'], cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } };
    const container = await client.newContainer(id, { spec: containerSpec({ rootfs: host.rootfs, process }) });
    const task = await container.newTask();
    await task.start();
    return task;
  }

  async function end(client: Client, id: string): Promise<void> {
    const container = await client.loadContainer(id);
    await (await container.task()).forceDelete();
    await container.delete();
  }

  /** Those that are connected, since what they are noted with comes last. */
  function warmShims(): string[] {
    const folder = join(host.core.state, 'warm/test');
    if (!existsSync(folder)) return [];
    return readdirSync(folder).filter((name) => existsSync(join(folder, name, 'bootstrap.json')));
  }

  function shimPid(id: string): number {
    const record: unknown = JSON.parse(readFileSync(join(host.core.state, 'bundles', 'test', id, 'shim.json'), 'utf8'));
    assert.ok(typeof record === 'object' && record !== null && 'pid' in record && typeof record.pid === 'number');
    return record.pid;
  }

  it('leaves a shim alone that is started while it goes on', async () => {
    for (let round = 0; round < scaled(20, 2); round++) {
      await host.core.close();
      host.core = await EmbeddedCore.open({ ...host.options, warmShims: 2 });
      const client = await host.client();
      const tasks = await Promise.all(['a', 'b', 'c'].map((id) => run(client, id)));
      await host.core.settled();
      for (const task of tasks) assert.equal((await task.status()).status, 'running');
      await Promise.all(['a', 'b', 'c'].map((id) => end(client, id)));
    }
    await host.reopen();
  });

  it('leaves the shims of an engine alone whose state folder lies in ours', async () => {
    const { root = '', state = '' } = host.options;
    const other = await EmbeddedCore.open({ root: join(root, 'b'), state: join(state, 'b') });
    try {
      const task = await run(other.client(), 'nested');
      await host.reopen();
      await host.core.settled();
      assert.equal((await task.status()).status, 'running');
      await end(other.client(), 'nested');
    } finally {
      await other.close();
    }
  });

  it('leaves a warm shim alone that hangs with its container', async () => {
    await host.core.close();
    host.core = await EmbeddedCore.open({ ...host.options, warmShims: 1 });
    const first = await host.client();
    await until('a warm shim', () => warmShims().length > 0);
    const { pid } = await run(first, 'hung');
    assert.ok(lstatSync(join(host.core.state, 'bundles/test/hung/shim-home')).isSymbolicLink(), 'it got a warm shim');
    const shim = shimPid('hung');
    await host.core.close();
    await freeze(shim);
    try {
      host.core = await EmbeddedCore.open(host.options);
      await host.core.settled();
      assert.ok(identify(shim), 'the shim lives');
      assert.ok(identify(pid), 'its container lives');
    } finally {
      process.kill(shim, 'SIGCONT');
    }
    const client = await host.client();
    await end(client, 'hung');
  });
});
