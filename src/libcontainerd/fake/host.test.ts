import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UnavailableError } from '../../errdefs/index.js';
import type { ContainerEvent } from '../event.js';
import { EventLog } from '../testsuite/event-log.js';
import type { Task } from '../types.js';
import type { FakeClient, FakeHost } from './controls.js';
import { createFakeClient, createFakeHost } from './host.js';
import { WORKLOAD_PROGRAMS, workloadProcess } from './workload-programs.js';

const SLEEP = workloadProcess({ do: 'sleep' });
const SPEC = { ociVersion: '1.0.2', process: SLEEP, root: { path: '/rootfs' } };

function newHost(options = {}): FakeHost {
  return createFakeHost({ programs: WORKLOAD_PROGRAMS, ...options });
}

async function running(client: FakeClient, id = 'web'): Promise<Task> {
  const task = await (await client.newContainer(id, { spec: SPEC })).newTask();
  await task.start();
  return task;
}

function record(client: FakeClient): EventLog {
  const log = new EventLog();
  client.subscribe(log.handler);
  return log;
}

describe('oomKill', () => {
  it('kills init, tells first, and latches it', async () => {
    const host = newHost();
    const client = host.client();
    const log = record(client);
    const task = await running(client);
    host.oomKill('web');
    assert.equal((await task.wait()).code, 137);
    await log.exitOf('web');
    assert.deepEqual(log.sequence('web'), ['create', 'start', 'oom', 'exit']);
    assert.equal(task.state.oomKilled, true);
    assert.equal(task.state.oomKills, 1);
  });

  it('kills an exec, or some child, and init goes on', async () => {
    const host = newHost();
    const task = await running(host.client());
    const exec = await task.exec('debug', SLEEP);
    await exec.start();
    host.oomKill('web', 'debug');
    assert.equal((await exec.wait()).code, 137);
    host.oomKill('web', null);
    await task.status();
    assert.equal(task.state.status, 'running');
    assert.equal(task.state.oomKills, 2);
  });

  it('leaves it to the kernel counter where the backend reports none', async () => {
    const host = newHost({ capabilities: { oomEvents: false } });
    const client = host.client();
    const log = record(client);
    const task = await running(client);
    host.oomKill('web', null);
    const exec = await task.exec('debug', workloadProcess({ do: 'exit', code: 0 }));
    await exec.start();
    await exec.wait();
    assert.equal(task.state.oomKilled, false);
    await host.sweep();
    assert.equal(task.state.oomKilled, true);
    await log.until('oom', (event) => event.type === 'oom' && event.synthesized);
  });

  it('needs something to kill', async () => {
    const host = newHost();
    assert.throws(() => host.oomKill('web'), { code: 'ERR_TASK_NOT_FOUND' });
    await running(host.client('other'));
    assert.throws(() => host.oomKill('web'), { code: 'ERR_TASK_NOT_FOUND' });
    assert.throws(() => host.oomKill('web', 'nope', 'other'), { code: 'ERR_PROCESS_NOT_FOUND' });
  });
});

describe('vanish', () => {
  for (const how of ['sweep', 'call'] as const) {
    it(`is found out by a ${how}, and ends all as unknown`, async () => {
      const host = newHost();
      const client = host.client();
      const log = record(client);
      const task = await running(client);
      const exec = await task.exec('debug', SLEEP);
      await exec.start();
      const waits = [task.wait(), exec.wait()];
      host.vanish('web');
      assert.equal(task.state.status, 'running');
      if (how === 'sweep') await host.sweep();
      else await assert.rejects(task.status(), { code: 'ERR_TASK_NOT_FOUND' });
      for (const exit of await Promise.all(waits)) {
        assert.deepEqual([exit.code, exit.exitUnknown], [255, true]);
      }
      const event = await log.exitOf('web');
      assert.equal(event.synthesized, true);
      await assert.rejects(task.delete(), { code: 'ERR_TASK_NOT_FOUND' });
      const container = await client.loadContainer('web');
      await (await container.newTask()).start();
    });
  }

  it('ends the wait for a task that was never started', async () => {
    const host = newHost();
    const client = host.client();
    const task = await (await client.newContainer('web', { spec: SPEC })).newTask();
    const wait = task.wait();
    host.vanish('web');
    await host.sweep();
    assert.equal((await wait).exitUnknown, true);
  });
});

describe('dropEvents', () => {
  it('hides an exit until a sweep, which tells the true one', async () => {
    const host = newHost();
    const client = host.client();
    const log = record(client);
    const task = await running(client);
    host.dropEvents(true);
    await task.kill('SIGKILL');
    host.dropEvents(false);
    await client.version();
    assert.equal(task.state.status, 'running');
    await host.sweep();
    assert.deepEqual([(await task.wait()).code, task.state.exit?.exitUnknown], [137, false]);
    assert.equal((await log.exitOf('web')).synthesized, true);
    await host.sweep();
    assert.deepEqual(log.sequence('web'), ['create', 'start', 'exit']);
  });

  it('does not keep status, delete and forceDelete from the truth', async () => {
    for (const action of ['status', 'delete', 'forceDelete'] as const) {
      const host = newHost();
      const task = await running(host.client());
      host.dropEvents(true);
      await task.kill('SIGKILL');
      await task[action]();
      assert.equal(task.state.exit?.code, 137);
    }
  });
});

describe('disconnect', () => {
  it('fails calls, and after reconnect everything that was missed is known', async () => {
    const host = newHost();
    const client = host.client();
    const log = record(client);
    const ended = await running(client, 'ended');
    const paused = await running(client, 'paused');
    const exec = await paused.exec('debug', SLEEP);
    await exec.start();
    const second = host.client();
    const other = await (await second.loadContainer('paused')).task();

    host.disconnect();
    await assert.rejects(client.version(), { name: 'UnavailableError', code: 'ERR_CONTAINERD_UNREACHABLE' });
    assert.equal(host.calls().get('Version/Version'), undefined);
    host.oomKill('ended');
    host.oomKill('paused', 'debug');
    await host.reconnect();

    assert.equal(ended.state.exit?.code, 137);
    assert.equal(ended.state.oomKilled, true);
    assert.equal(exec.state.exit?.code, 137);
    assert.equal(paused.state.status, 'running');
    assert.deepEqual(log.sequence('ended'), ['create', 'start', 'oom', 'exit']);
    await other.pause();
    await log.until('paused', (event) => event.type === 'paused' && event.containerId === 'paused');
    assert.equal(paused.state.status, 'paused');
  });
});

describe('failNext', () => {
  it('fails calls of that name one after another, then no more', async () => {
    const client = createFakeClient();
    const failures = [new UnavailableError('first'), new Error('second')];
    for (const failure of failures) client.host.failNext('Containers/ListStream', failure);
    for (const failure of failures) await assert.rejects(client.containers(), failure);
    assert.deepEqual(await client.containers(), []);
    assert.deepEqual([...client.host.calls()], [['Containers/ListStream', 3]]);
  });

  it('leaves nothing of an exec whose start it failed', async () => {
    const host = newHost();
    const task = await running(host.client());
    const exec = await task.exec('debug', SLEEP);
    host.failNext('Tasks/Start', new UnavailableError('shim is away'));
    const wait = assert.rejects(exec.wait(), /shim is away/);
    await assert.rejects(exec.start(), /shim is away/);
    await wait;
    await assert.rejects(exec.delete(), { code: 'ERR_PROCESS_NOT_FOUND' });
    const again = await task.exec('debug', SLEEP);
    await assert.rejects(exec.delete(), { code: 'ERR_PROCESS_NOT_FOUND' });
    await again.start();
    assert.equal(again.state.status, 'running');
  });
});

describe('clients of one host', () => {
  it('see events of containers they hold no task of, when they ask', async () => {
    const host = newHost();
    const watcher = host.client();
    const foreign: ContainerEvent[] = [];
    const own: ContainerEvent[] = [];
    watcher.subscribe((event) => void foreign.push(event), { foreign: true });
    watcher.subscribe((event) => void own.push(event));
    const task = await running(host.client());
    await task.kill('SIGKILL');
    await task.wait();
    await watcher.close();
    assert.deepEqual(
      foreign.map(({ type, run }) => [type, run]),
      [
        ['create', undefined],
        ['start', undefined],
        ['exit', undefined],
      ],
    );
    assert.deepEqual(own, []);
  });

  it('do not share the stdio of a task', async () => {
    const host = newHost();
    const first = host.client();
    const container = await first.newContainer('web', { spec: SPEC });
    await container.newTask({ stdio: { attach: () => {} } });
    const second = host.client();
    const same = await second.loadContainer('web');
    await assert.rejects(
      same.attachTask(() => {}),
      { code: 'ERR_STDIO_ATTACHED' },
    );
    first.destroy();
    await same.attachTask(() => {});
  });

  it('learn that another deleted the task', async () => {
    const host = newHost();
    const task = await running(host.client());
    const same = await (await host.client().loadContainer('web')).task();
    await same.forceDelete();
    assert.equal((await task.wait()).code, 137);
    await assert.rejects(task.kill('SIGTERM'), { code: 'ERR_TASK_NOT_FOUND' });
    await assert.rejects(task.delete(), { code: 'ERR_TASK_NOT_FOUND' });
  });

  it('use the clock of the host', async () => {
    const now = new Date(Date.UTC(2030, 0, 1));
    const host = newHost({ now: () => now });
    const task = await running(host.client());
    await task.kill('SIGKILL');
    assert.deepEqual((await task.wait()).exitedAt, now);
  });
});

describe('capabilities', () => {
  it('that are missing are said so, not found out', async () => {
    const capabilities = { pause: false, liveAttach: false, updateResources: false, metrics: 'none' } as const;
    const client = newHost({ capabilities }).client();
    const task = await running(client);
    const container = await client.loadContainer('web');
    const missing = { name: 'NotImplementedError', code: 'ERR_CAPABILITY' };
    await assert.rejects(task.pause(), missing);
    await assert.rejects(task.resume(), missing);
    await assert.rejects(task.updateResources({}), missing);
    await assert.rejects(task.stats(), missing);
    await assert.rejects(client.stats(), missing);
    await assert.rejects(task.checkpoint('/nowhere'), missing);
    await assert.rejects(container.newTask({ checkpointDir: '/nowhere' }), missing);
    await assert.rejects(
      container.attachTask(() => {}),
      missing,
    );
    const runtime = 'io.containerd.runtime.v1.linux';
    await assert.rejects(client.newContainer('old', { spec: SPEC, runtime }), { code: 'ERR_RUNTIME_UNSUPPORTED' });
  });

  it('show the limits that were set in the statistics', async () => {
    const client = newHost().client();
    const task = await running(client);
    await task.updateResources({ memory: { limit: 64e6 } });
    await task.updateResources({ pids: { limit: 40 } });
    const sample = await task.stats();
    assert.ok(sample.kind === 'cgroup2');
    assert.equal(sample.data.memory?.usageLimit, 64_000_000n);
    assert.deepEqual(sample.data.pids, { current: 1n, limit: 40n });
  });
});
