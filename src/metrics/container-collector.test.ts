import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { CanceledError, UnavailableError } from '../errdefs/index.js';
import { createFakeHost } from '../libcontainerd/fake/index.js';
import type { Client, Task } from '../libcontainerd/types.js';
import { createLogger } from '../log/logger.js';
import { ContainerCollector } from './container-collector.js';
import { CGROUP1_FAMILIES } from './container-families/cgroup1.js';
import { CGROUP2_FAMILIES } from './container-families/cgroup2.js';
import { Exposition } from './exposition.js';

const log = createLogger();
const V1 = 'io.containerd.runtime.v1.linux';
const V2 = 'io.containerd.runc.v2';

function setup(t: TestContext, metrics: 'cgroup1' | 'cgroup2' | 'windows' | 'none') {
  const capabilities = { metrics, runtimeV1: true };
  const host = createFakeHost({ capabilities, programs: { serve: () => new Promise<number>(() => {}) } });
  const client = host.client('moby');
  const collector = new ContainerCollector(client, { log });
  t.after(async () => {
    collector.close();
    await client.close();
  });
  const exposition = new Exposition({ containers: collector }, { log });
  const lines = async () => (await exposition.scrape()).split('\n').filter((line) => line.startsWith('container_'));
  return { host, client, collector, exposition, lines };
}

async function start(client: Client, id: string, runtime = V2): Promise<Task> {
  const process = { args: ['serve'], cwd: '/' };
  const container = await client.newContainer(id, {
    runtime,
    spec: { ociVersion: '1.0.2', process, root: { path: '/' } },
  });
  const task = await container.newTask();
  await task.start();
  return task;
}

async function remove(client: Client, task: Task): Promise<void> {
  await task.forceDelete();
  await (await client.loadContainer(task.containerId)).delete();
}

describe('the collector of containers', () => {
  for (const [kind, families] of [
    ['cgroup1', CGROUP1_FAMILIES],
    ['cgroup2', CGROUP2_FAMILIES],
  ] as const) {
    it(`names each family of ${kind} once`, (t) => {
      const names = families.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length);
      assert.equal(setup(t, kind).collector.metrics.length, names.length);
    });

    it(`shows the containers of a ${kind} host with namespace and runtime, also when there are several`, async (t) => {
      const { client, lines } = setup(t, kind);
      await start(client, 'web');
      await start(client, 'db', V1);
      const pids = (await lines()).filter((line) => line.startsWith('container_pids_current'));
      assert.deepEqual(pids, [
        `container_pids_current{container_id="web",namespace="moby",runtime="${V2}"} 1`,
        `container_pids_current{container_id="db",namespace="moby",runtime="${V1}"} 1`,
      ]);
    });
  }

  for (const kind of ['windows', 'none'] as const) {
    it(`has no family and makes no call where statistics are of kind ${kind}`, async (t) => {
      const { host, collector } = setup(t, kind);
      assert.equal(collector.metrics.length, 0);
      await collector.collect();
      assert.equal(host.calls().size, 0);
    });
  }

  it('counts OOM kills of runtime v1 only, as containerd does on cgroup v1', async (t) => {
    const { host, client, lines } = setup(t, 'cgroup1');
    await start(client, 'web');
    await start(client, 'old', V1);
    host.oomKill('old', null, 'moby');
    assert.deepEqual(
      (await lines()).filter((line) => line.startsWith('container_memory_oom_total')),
      ['container_memory_oom_total{container_id="old",namespace="moby"} 1'],
    );
    assert.match((await lines()).join('\n'), /^container_memory_oom_total\S+ 1$/m);
  });

  it('leaves no series of a removed container behind', async (t) => {
    const { client, lines } = setup(t, 'cgroup2');
    const task = await start(client, 'web');
    assert.notEqual((await lines()).length, 0);
    await remove(client, task);
    assert.deepEqual(await lines(), []);
  });

  it('makes one call a scrape, and one more for the runtime of each container it has not seen; also for another one of the same id', async (t) => {
    const { host, client, lines } = setup(t, 'cgroup2');
    const asked = () => host.calls().get('Containers/Get') ?? 0;
    const sampled = () => host.calls().get('Tasks/Metrics') ?? 0;
    const first = await start(client, 'web');
    await lines();
    assert.deepEqual([asked(), sampled()], [1, 1]);
    await lines();
    assert.deepEqual([asked(), sampled()], [1, 2]);
    await remove(client, first);
    await start(client, 'web', V1);
    assert.match((await lines()).join('\n'), new RegExp(`runtime="${V1}"`));
  });

  it('leaves out a container whose runtime cannot be learned, and no other one', async (t) => {
    const { host, client, lines } = setup(t, 'cgroup2');
    await start(client, 'web');
    await lines();
    await start(client, 'db');
    host.failNext('Containers/Get', new UnavailableError('gone'));
    const ids = async () => new Set((await lines()).map((line) => /container_id="(\w+)"/.exec(line)?.[1]));
    assert.deepEqual([...(await ids())], ['web']);
    assert.deepEqual([...(await ids())], ['web', 'db']);
  });

  it('fails as the sampling fails, and shows nothing old then', async (t) => {
    const { host, client, collector, exposition, lines } = setup(t, 'cgroup2');
    await start(client, 'web');
    await lines();
    host.failNext('Tasks/Metrics', new UnavailableError('gone'));
    assert.doesNotMatch(await exposition.scrape(), /container_/);
    host.failNext('Tasks/Metrics', new UnavailableError('gone'));
    await assert.rejects(collector.collect(), UnavailableError);
  });

  it('collects no more once it is closed', async (t) => {
    const { client, collector } = setup(t, 'cgroup2');
    await start(client, 'web');
    const collecting = collector.collect();
    collector.close();
    collector.close();
    await assert.rejects(collecting, CanceledError);
    await assert.rejects(collector.collect(), CanceledError);
  });
});
