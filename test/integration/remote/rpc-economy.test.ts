import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RemoteClient } from '../../../src/libcontainerd/remote/client.js';
import { missing } from '../host/requirements.js';
import { discard, finish, inParallel, run } from '../host/run-container.js';
import { TestHost } from '../host/test-host.js';

const skip = missing('containerd', 'runc', 'busybox');
const METRICS_ADDRESS = '127.0.0.1:21338';

/** Unary calls that containerd says it has handled, by `Service/Method`. */
async function handled(): Promise<Map<string, number>> {
  const text = await (await fetch(`http://${METRICS_ADDRESS}/v1/metrics`)).text();
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^grpc_server_handled_total\{(.*)\} (\S+)$/.exec(line);
    const labels = new Map(
      [...(match?.[1] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
    );
    // The supervisor's health checks are not the client's calls.
    if (match === null || labels.get('grpc_type') !== 'unary' || labels.get('grpc_service')?.includes('Health'))
      continue;
    const method = `${labels.get('grpc_service')?.split('.').at(-1)}/${labels.get('grpc_method')}`;
    counts.set(method, (counts.get(method) ?? 0) + Number(match[2]));
  }
  return counts;
}

/** What was called in between, as containerd counts it. */
async function during(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await handled();
  await work();
  const after = await handled();
  const grown = [...after].map(([method, count]) => [method, count - (before.get(method) ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, count]) => count > 0));
}

const LIFE = { 'Containers/Create': 1, 'Tasks/Create': 1, 'Tasks/Start': 1, 'Tasks/Delete': 1, 'Containers/Delete': 1 };

describe("calls counted at containerd's own metrics endpoint", { skip }, () => {
  let host: TestHost;
  let client: RemoteClient;
  before(async () => {
    host = await TestHost.start({ metricsAddress: METRICS_ADDRESS });
    client = await host.client();
  });
  after(() => host.stop());

  it('needs five for the whole life of a container with output', async () => {
    const calls = await during(async () => {
      const attach = ({ stdout }: { stdout: NodeJS.ReadableStream | undefined }) => void stdout?.resume();
      await finish(await run(client, 'life', { rootfs: host.rootfs, args: ['/bin/echo', 'hello'], attach }));
    });
    assert.deepEqual(calls, LIFE);
  });

  it('needs five each for ten at once', async () => {
    const calls = await during(() =>
      inParallel(10, 5, async (index) => {
        await finish(await run(client, `life-${index}`, { rootfs: host.rootfs, args: ['/bin/true'] }));
      }),
    );
    assert.deepEqual(calls, Object.fromEntries(Object.keys(LIFE).map((method) => [method, 10])));
  });

  it('needs two for an exec and one for its end', async () => {
    const running = await run(client, 'execs', { rootfs: host.rootfs, args: ['/bin/sleep', '1000'] });
    const calls = await during(async () => {
      const exec = await running.task.exec('e', { args: ['/bin/true'], cwd: '/' });
      await exec.start();
      await exec.wait({ timeoutMs: 10_000 });
      await exec.delete();
    });
    assert.deepEqual(calls, { 'Tasks/Exec': 1, 'Tasks/Start': 1, 'Tasks/DeleteProcess': 1 });
    await discard(running);
  });

  it('needs one for a sample of all containers, and none to handle their events or read their state', async () => {
    const running = await Promise.all(
      ['a', 'b', 'c'].map((id) => run(client, id, { rootfs: host.rootfs, args: ['/bin/sleep', '1000'] })),
    );
    const calls = await during(async () => {
      const samples = await client.stats(['a', 'b', 'c']);
      assert.deepEqual([...samples.keys()].sort(), ['a', 'b', 'c']);
    });
    assert.deepEqual(calls, { 'Tasks/Metrics': 1 });
    const idle = await during(async () => {
      for (const { task } of running) assert.equal(task.state.status, 'running');
      for (const { task } of running) process.kill(task.pid, 'SIGKILL');
      for (const { task } of running) assert.equal((await task.wait({ timeoutMs: 10_000 })).code, 137);
    });
    assert.deepEqual(idle, {});
    for (const each of running) await finish(each);
  });

  it('restores a fleet with two lists', async () => {
    const running = await Promise.all(
      ['a', 'b', 'c'].map((id) => run(client, id, { rootfs: host.rootfs, args: ['/bin/sleep', '1000'] })),
    );
    const other = await host.client();
    const calls = await during(async () => {
      const restored = await other.restore();
      assert.deepEqual(restored.map(({ container, task }) => [container.id, task?.state.status]).sort(), [
        ['a', 'running'],
        ['b', 'running'],
        ['c', 'running'],
      ]);
    });
    // Containers/ListStream is no unary call.
    assert.deepEqual(calls, { 'Tasks/List': 1 });
    await other.close();
    for (const each of running) await discard(each);
  });
});
