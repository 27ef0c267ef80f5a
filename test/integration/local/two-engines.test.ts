import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EngineError } from '../../../src/errdefs/index.js';
import { connectLocal } from '../../../src/libcontainerd/local/linux/connect.js';
import { EmbeddedCore } from '../../../src/libcontainerd/local/linux/core.js';
import { LocalHost } from '../host/local-host.js';
import { missing } from '../host/requirements.js';
import { finish, run, sh } from '../host/run-container.js';

const skip = missing('containerd-shim-runc-v2', 'runc', 'busybox');
const CHILD = fileURLToPath(new URL('../host/local-engine-child.js', import.meta.url));

describe('two engines on the same folders', { skip }, () => {
  let host: LocalHost;
  let first: ChildProcess | undefined;
  before(async () => {
    host = await LocalHost.start();
  });
  after(async () => {
    first?.kill('SIGKILL');
    await host.stop();
  });

  const folders = () => ({ root: host.core.root, state: host.core.state });

  /** Another process; resolves when it runs its containers: one that goes on. */
  async function startFirst(): Promise<ChildProcess> {
    const { root, state } = folders();
    const args = [CHILD, root, state, 'plain', host.rootfs, host.folder, '1', '0'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    first = child;
    for await (const _ of createInterface({ input: child.stdout })) return child;
    throw new Error('the first engine ended early');
  }

  function isBusy(folder: string): (err: unknown) => boolean {
    return (err) => {
      assert.ok(err instanceof EngineError, String(err));
      assert.deepEqual([err.code, err.errorClass], ['ERR_ROOT_BUSY', 'conflict']);
      assert.ok(err.message.includes(folder), `${err.message} names ${folder}`);
      return true;
    };
  }

  it('refuses the second one of the same process, and harms nothing', async () => {
    const { root, state } = folders();
    const client = await host.client();
    const running = await run(client, 'first', { rootfs: host.rootfs, args: sh('sleep 0.5; exit 3') });
    await assert.rejects(EmbeddedCore.open({ root, state }), isBusy(root));
    await assert.rejects(connectLocal({ root, state }), isBusy(root));
    await assert.rejects(EmbeddedCore.open({ root: join(host.folder, 'root2'), state }), isBusy(state));
    await assert.rejects(EmbeddedCore.open({ root, state: join(host.folder, 'state2') }), isBusy(root));
    assert.equal((await finish(running)).code, 3);
    // What was refused has let go of what it had taken.
    const other = await EmbeddedCore.open({ root: join(host.folder, 'root2'), state: join(host.folder, 'state2') });
    await other.close();
  });

  it('refuses a path that leads to the same folder', async () => {
    const { root, state } = folders();
    await assert.rejects(EmbeddedCore.open({ root: `${root}/../root/`, state }), { code: 'ERR_ROOT_BUSY' });
  });

  it('refuses one of another process, and lets it in when the first was killed', async () => {
    await host.core.close();
    const child = await startFirst();
    const { root, state } = folders();
    await assert.rejects(EmbeddedCore.open({ root, state }), isBusy(root));
    child.kill('SIGKILL');
    await once(child, 'exit');
    await host.reopen();
    const client = await host.client({ namespace: 'default' });
    for (const { container, task } of await client.restore()) {
      assert.equal(task?.state.status, 'running');
      await task.forceDelete();
      await container.delete();
    }
  });

  it('lets the second one in when the first is closed', async () => {
    await host.core.close();
    await host.reopen();
  });
});
