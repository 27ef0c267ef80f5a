import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NotFoundError, UnavailableError } from '../errdefs/index.js';
import type { OciSpec } from '../oci/runtime-spec.js';
import { createFakeHost, type FakeHost } from './fake/index.js';
import { replaceContainer } from './replace.js';

const spec: OciSpec = { ociVersion: '1.0.2', process: { args: ['serve'], cwd: '/' }, root: { path: '/rootfs' } };
const OLD = { spec, labels: { age: 'old' } };
const NEW = { spec, labels: { age: 'new' } };

function newHost(): FakeHost {
  return createFakeHost({ programs: { serve: () => new Promise<number>(() => {}) } });
}

/** What an engine leaves behind that dies: the client is gone, the container is not. */
async function leave(host: FakeHost, state: 'bare' | 'created' | 'running' | 'paused' | 'ended'): Promise<void> {
  const client = host.client();
  const container = await client.newContainer('web', OLD);
  if (state !== 'bare') {
    const task = await container.newTask();
    if (state !== 'created') await task.start();
    if (state === 'paused') await task.pause();
    if (state === 'ended') {
      await task.kill('SIGTERM');
      await task.wait();
    }
  }
  client.destroy();
}

describe('replaceContainer', () => {
  it('makes a container with one call where nothing is in the way', async () => {
    const host = newHost();
    const container = await replaceContainer(host.client(), 'web', NEW);
    assert.equal(container.labels.age, 'new');
    assert.deepEqual([...host.calls()], [['Containers/Create', 1]]);
  });

  for (const state of ['bare', 'created', 'running', 'paused', 'ended'] as const) {
    it(`replaces a leftover that is ${state}`, async () => {
      const host = newHost();
      await leave(host, state);
      const client = host.client();
      const container = await replaceContainer(client, 'web', NEW);
      assert.equal(container.labels.age, 'new');
      assert.equal((await client.loadContainer('web')).labels.age, 'new');
      await assert.rejects(container.task(), { code: 'ERR_TASK_NOT_FOUND' });
      const task = await container.newTask();
      await task.start();
      assert.equal(task.state.status, 'running');
    });
  }

  it('goes on when the task goes before it is found', async () => {
    const host = newHost();
    await leave(host, 'bare');
    host.failNext('Tasks/Get', new NotFoundError('it went meanwhile'));
    assert.equal((await replaceContainer(host.client(), 'web', NEW)).labels.age, 'new');
  });

  it('goes on when the task goes before it is deleted', async () => {
    const host = newHost();
    await leave(host, 'running');
    const client = host.client();
    const loadContainer = client.loadContainer.bind(client);
    client.loadContainer = async (id) => {
      const container = await loadContainer(id);
      const findTask = container.task.bind(container);
      container.task = async () => {
        const task = await findTask();
        host.vanish('web');
        return task;
      };
      return container;
    };
    assert.equal((await replaceContainer(client, 'web', NEW)).labels.age, 'new');
  });

  it('creates exactly once more: who takes the id meanwhile keeps it', async () => {
    for (const method of ['Containers/Get', 'Containers/Delete'] as const) {
      const host = newHost();
      await leave(host, 'bare');
      // It seems to be gone, and is there when the id is tried again.
      host.failNext(method, new NotFoundError('it went meanwhile'));
      await assert.rejects(replaceContainer(host.client(), 'web', NEW), { code: 'ERR_CONTAINER_EXISTS' });
      assert.equal(host.calls().get('Containers/Create'), 3);
      assert.equal((await host.client().loadContainer('web')).labels.age, 'old');
    }
  });

  for (const method of ['Containers/Get', 'Tasks/Get', 'Tasks/Kill', 'Containers/Delete'] as const) {
    it(`gives up, with the error, when ${method} fails otherwise`, async () => {
      const host = newHost();
      await leave(host, 'running');
      const failure = new UnavailableError(`${method} is down`);
      host.failNext(method, failure);
      await assert.rejects(replaceContainer(host.client(), 'web', NEW), failure);
      assert.equal((await host.client().loadContainer('web')).labels.age, 'old');
    });
  }

  it('does not take another failure of the create for a leftover', async () => {
    const host = newHost();
    await leave(host, 'running');
    host.failNext('Containers/Create', new UnavailableError('away'));
    await assert.rejects(replaceContainer(host.client(), 'web', NEW), { name: 'UnavailableError' });
    const task = await (await host.client().loadContainer('web')).task();
    assert.equal(task.state.status, 'running');
  });

  it('stops at the signal of the caller', async () => {
    const host = newHost();
    await leave(host, 'running');
    const call = { signal: AbortSignal.abort() };
    await assert.rejects(replaceContainer(host.client(), 'web', NEW, call), { name: 'CanceledError' });
    assert.equal((await host.client().loadContainer('web')).labels.age, 'old');
  });
});
