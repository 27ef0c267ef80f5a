import assert from 'node:assert/strict';
import type { OciSpec } from '../../oci/runtime-spec.js';
import { within } from './deadline.js';
import { rejectsWith } from './expect-error.js';
import type { DefineCase } from './suite-run.js';

const ILLEGAL_IDS = ['', 'a/b', '../escape', 'a b', 'a..b', '-a', 'x'.repeat(77)];

export function containerCases(define: DefineCase): void {
  define('creates, loads, lists and deletes a container', async (c) => {
    const container = await c.container({ do: 'exit', code: 0 });
    assert.equal((await within('load', c.client.loadContainer(container.id))).id, container.id);
    const listed = await within('list', c.client.containers());
    assert.deepEqual(
      listed.map((each) => each.id),
      [container.id],
    );
    await within('delete', container.delete());
    await rejectsWith(c.client.loadContainer(container.id), 'not-found', 'ERR_CONTAINER_NOT_FOUND');
    assert.deepEqual(await within('list', c.client.containers()), []);
  });

  define('keeps labels, spec and runtime for another client that loads or lists it', async (c) => {
    const labels = { 'org.example/name': 'value with spaces' };
    const made = await c.container({ do: 'exit', code: 7 }, { labels, env: ['GREETING=hallo'] });
    assert.notEqual(made.runtime, '');
    const other = await c.newClient();
    const [listed] = await within('list', other.containers());
    assert.ok(listed !== undefined);
    for (const copy of [await within('load', other.loadContainer(made.id)), listed]) {
      assert.equal(copy.id, made.id);
      assert.equal(copy.runtime, made.runtime);
      assert.deepEqual(plain(copy.spec), plain(made.spec));
      for (const [name, value] of Object.entries(labels)) {
        assert.equal(made.labels[name], value);
        assert.equal(copy.labels[name], value);
      }
    }
  });

  define('refuses a second container with an id in use and leaves the first alone', async (c) => {
    const first = await c.container({ do: 'exit', code: 0 }, { labels: { which: 'first' } });
    const options = { spec: c.env.spec({ do: 'exit', code: 1 }), labels: { which: 'second' } };
    await rejectsWith(c.client.newContainer(first.id, options), 'conflict', 'ERR_CONTAINER_EXISTS');
    const loaded = await within('load', c.client.loadContainer(first.id));
    assert.equal(loaded.labels.which, 'first');
  });

  define('gives an id to exactly one of two calls at the same time', async (c) => {
    const id = c.newId();
    const attempts = await Promise.allSettled([1, 2].map(() => c.container({ do: 'exit', code: 0 }, { id })));
    assert.deepEqual(attempts.map((attempt) => attempt.status).sort(), ['fulfilled', 'rejected']);
    for (const attempt of attempts) {
      if (attempt.status === 'rejected') {
        await rejectsWith(Promise.reject(attempt.reason), 'conflict', 'ERR_CONTAINER_EXISTS');
      }
    }
  });

  define('takes an id again after its container was deleted', async (c) => {
    const first = await c.container({ do: 'exit', code: 0 });
    await within('delete', first.delete());
    const second = await c.container({ do: 'exit', code: 0 }, { id: first.id, labels: { which: 'second' } });
    assert.equal((await within('load', c.client.loadContainer(second.id))).labels.which, 'second');
  });

  define('does not find what does not exist', async (c) => {
    const id = c.newId();
    await rejectsWith(c.client.loadContainer(id), 'not-found', 'ERR_CONTAINER_NOT_FOUND');
    const container = await c.container({ do: 'exit', code: 0 });
    await rejectsWith(container.task(), 'not-found', 'ERR_TASK_NOT_FOUND');
    await within('delete', container.delete());
    await rejectsWith(container.delete(), 'not-found');
  });

  define('refuses illegal ids before anything is made', async (c) => {
    const spec = c.env.spec({ do: 'exit', code: 0 });
    for (const id of ILLEGAL_IDS) {
      await rejectsWith(c.client.newContainer(id, { spec }), 'invalid-argument', 'ERR_ID_INVALID');
      await rejectsWith(c.client.loadContainer(id), 'invalid-argument', 'ERR_ID_INVALID');
    }
    assert.deepEqual(await within('list', c.client.containers()), []);
  });

  define('refuses a spec that cannot be run before anything is made', async (c) => {
    const good = c.env.spec({ do: 'exit', code: 0 });
    const { process, root, ...rest } = good;
    assert.ok(process !== undefined && root !== undefined);
    const bad: OciSpec[] = [
      { ...rest, root },
      { ...rest, process },
      { ...good, process: { ...process, args: [] } },
      { ...good, process: { ...process, cwd: 'relative' } },
    ];
    for (const spec of bad) {
      await rejectsWith(c.client.newContainer(c.newId(), { spec }), 'invalid-argument', 'ERR_SPEC_INVALID');
    }
    assert.deepEqual(await within('list', c.client.containers()), []);
  });

  define('refuses to delete a container that has a task, running or ended', async (c) => {
    const { container, task } = await c.ready({ do: 'sleep' });
    await rejectsWith(container.delete(), 'failed-precondition');
    assert.equal((await within('status', task.status())).status, 'running');
    await within('kill', task.kill('SIGKILL'));
    await within('exit', task.wait());
    await rejectsWith(container.delete(), 'failed-precondition');
    await within('delete task', task.delete());
    await within('delete', container.delete());
  });
}

/** What survives JSON, which is how a spec travels. */
function plain(spec: OciSpec): unknown {
  return JSON.parse(JSON.stringify(spec));
}
