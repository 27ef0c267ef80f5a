import assert from 'node:assert/strict';
import { within } from './deadline.js';
import { rejectsWith } from './expect-error.js';
import type { DefineCase } from './suite-run.js';

export function clientCases(define: DefineCase): void {
  define('says what answers and in which version', async (c) => {
    const version = await within('version', c.client.version());
    assert.notEqual(version.name, '');
    assert.notEqual(version.version, '');
    assert.equal(typeof version.revision, 'string');
  });

  define('keeps containers of two namespaces apart in both directions', async (c) => {
    const other = await c.newClient('suite-other');
    assert.equal(other.namespace, 'suite-other');
    assert.notEqual(c.client.namespace, other.namespace);
    const ours = await c.container({ do: 'exit', code: 0 }, { labels: { side: 'ours' } });
    const theirs = await c.container({ do: 'exit', code: 0 }, { client: other, labels: { side: 'theirs' } });
    assert.deepEqual(await idsOf(c.client.containers()), [ours.id]);
    assert.deepEqual(await idsOf(other.containers()), [theirs.id]);
    await rejectsWith(c.client.loadContainer(theirs.id), 'not-found', 'ERR_CONTAINER_NOT_FOUND');
    await rejectsWith(other.loadContainer(ours.id), 'not-found', 'ERR_CONTAINER_NOT_FOUND');

    const twin = await c.container({ do: 'exit', code: 0 }, { client: other, id: ours.id, labels: { side: 'theirs' } });
    await within('delete', twin.delete());
    const reloaded = await within('load', c.client.loadContainer(ours.id));
    assert.equal(reloaded.labels.side, 'ours');
  });

  define('delivers no event of another namespace', async (c) => {
    const other = await c.newClient('suite-other');
    const ours = c.eventLog(c.client, { foreign: true });
    const theirs = c.eventLog(other, { foreign: true });
    const { container, task } = await c.started({ do: 'exit', code: 0 }, { client: other });
    await within('exit', task.wait());
    await theirs.exitOf(container.id);
    const own = await c.started({ do: 'exit', code: 0 });
    await ours.exitOf(own.container.id);
    assert.deepEqual(ours.sequence(container.id), []);
    assert.deepEqual(theirs.sequence(own.container.id), []);
  });

  define('refuses an illegal namespace', async (c) => {
    for (const namespace of ['', 'a/b', '../x', 'a b', '-a', 'x'.repeat(77)]) {
      await rejectsWith(c.env.newClient(namespace), 'invalid-argument', 'ERR_NAMESPACE_INVALID');
    }
  });
}

async function idsOf(containers: Promise<{ id: string }[]>): Promise<string[]> {
  return (await within('list containers', containers)).map((container) => container.id).sort();
}
