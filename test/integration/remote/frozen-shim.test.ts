import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isDeadlineExceeded } from '../../../src/errdefs/index.js';
import type { RemoteClient } from '../../../src/libcontainerd/remote/client.js';
import { freeze } from '../host/freeze.js';
import { shimsOf } from '../host/leftovers.js';
import { missing } from '../host/requirements.js';
import { discard, finish, type Running, run } from '../host/run-container.js';
import { TestHost } from '../host/test-host.js';
import { until } from '../host/until.js';

const skip = missing('containerd', 'runc', 'busybox');
const SLEEP = ['/bin/sleep', '1000'];

describe('a shim that hangs', { skip }, () => {
  let host: TestHost;
  let client: RemoteClient;
  let frozen: Running;
  let shim = 0;
  before(async () => {
    host = await TestHost.start();
    client = await host.client({ sweepIntervalMs: 200 });
    frozen = await run(client, 'frozen', { rootfs: host.rootfs, args: SLEEP });
    shim = (await shimsOf(host.folder)).find(({ command }) => command.includes('-id frozen'))?.pid ?? 0;
    assert.ok(shim > 0);
    await freeze(shim);
  });
  after(() => host.stop());

  it('ends calls about it in their time, leaves others alone, and is not taken for dead', async () => {
    const timeoutMs = 1_000;
    for (const call of [
      () => frozen.task.kill('SIGTERM', { timeoutMs }),
      () => frozen.task.pids({ timeoutMs }),
      () => frozen.task.stats({ timeoutMs }),
    ]) {
      const startedAt = Date.now();
      await assert.rejects(call(), isDeadlineExceeded);
      assert.ok(Date.now() - startedAt < 2 * timeoutMs);
    }
    const other = await run(client, 'other', { rootfs: host.rootfs, args: ['/bin/true'] });
    assert.equal((await finish(other)).code, 0);
    const sweeps = () => client.rpcCounts().get('Tasks/List') ?? 0;
    const before = sweeps();
    await until('two more sweeps', () => sweeps() >= before + 2, 20_000);
    assert.equal(frozen.task.state.status, 'running');
  });

  it('samples the others when all are sampled at once', async () => {
    const lively = await run(client, 'lively', { rootfs: host.rootfs, args: SLEEP });
    const samples = await client.stats(['frozen', 'lively'], { timeoutMs: 1_000 });
    assert.deepEqual([...samples.keys()], ['lively']);
    await discard(lively);
  });

  it('is shown with an error by a restore, not as something that it is not', async () => {
    const other = await host.client();
    const restored = await other.restore();
    const found = restored.find(({ container }) => container.id === 'frozen');
    assert.equal(found?.task, undefined);
    assert.ok(found?.error !== undefined);
    await other.close();
  });

  it('goes on when it wakes up', async () => {
    process.kill(shim, 'SIGCONT');
    await until('the signals sent meanwhile arrived', async () => (await frozen.task.status()).status !== 'unknown');
    await discard(frozen);
  });
});
