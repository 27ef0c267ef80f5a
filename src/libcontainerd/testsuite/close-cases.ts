import assert from 'node:assert/strict';
import { within } from './deadline.js';
import { EventLog } from './event-log.js';
import { rejectsBecauseOf, rejectsWith } from './expect-error.js';
import type { DefineCase } from './suite-run.js';

export function closeCases(define: DefineCase): void {
  define('closes any number of times, and settles closed', async (c) => {
    const client = await c.newClient();
    await within('close', Promise.all([client.close(), client.close()]));
    await within('close', client.close());
    client.destroy();
    await within('closed', client.closed);
    const disposed = await c.newClient();
    await within('dispose', disposed[Symbol.asyncDispose]());
    await within('closed', disposed.closed);
  });

  define('destroys any number of times, and settles closed', async (c) => {
    const client = await c.newClient();
    client.destroy();
    client.destroy(new Error('again'));
    await within('closed', client.closed);
    await within('close', client.close());
  });

  define(
    'refuses every call on a closed client, and its containers go on',
    async (c) => {
      const client = await c.newClient();
      const { container, task } = await c.ready({ do: 'sleep' }, { client });
      await within('close', client.close());
      const spec = c.env.spec({ do: 'exit', code: 0 });
      const calls: (() => Promise<unknown>)[] = [
        () => client.version(),
        () => client.newContainer(c.newId(), { spec }),
        () => client.loadContainer(container.id),
        () => client.containers(),
        () => client.restore(),
        () => client.stats(),
        () => container.newTask(),
        () => container.task(),
        () => container.delete(),
        () => task.status(),
        () => task.kill('SIGTERM'),
        () => task.wait(),
        () => task.delete(),
        () => task.forceDelete(),
      ];
      for (const call of calls) await rejectsWith(call(), 'canceled', 'ERR_CLIENT_CLOSED');
      assert.throws(() => client.subscribe(() => {}), { code: 'ERR_CLIENT_CLOSED' });
      const found = await within('load', c.client.loadContainer(container.id));
      const again = await within('task', found.task());
      assert.equal(again.state.status, 'running');
      assert.equal(again.pid, task.pid);
    },
    { capability: 'liveAttach' },
  );

  define(
    'ends pending waits when it is closed',
    async (c) => {
      const client = await c.newClient();
      const { task } = await c.ready({ do: 'sleep' }, { client });
      const waits = [task.wait(), task.wait({ timeoutMs: 600_000 })].map((wait) =>
        rejectsWith(wait, 'canceled', 'ERR_CLIENT_CLOSED'),
      );
      await within('close', client.close());
      await Promise.all(waits);
    },
    { capability: 'liveAttach' },
  );

  define(
    'ends pending waits with the reason when it is destroyed',
    async (c) => {
      const client = await c.newClient();
      const { task } = await c.ready({ do: 'sleep' }, { client });
      const reason = new Error('the engine is falling over');
      const waits = [task.wait(), task.wait()].map((wait) => rejectsBecauseOf(wait, reason));
      client.destroy(reason);
      await Promise.all(waits);
      await rejectsWith(client.version(), 'canceled', 'ERR_CLIENT_CLOSED');
    },
    { capability: 'liveAttach' },
  );

  define(
    'delivers what is queued before it is closed, and nothing later',
    async (c) => {
      const client = await c.newClient();
      const log = new EventLog();
      let release = () => {};
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      client.subscribe(async (event) => {
        await gate;
        await log.handler(event);
      });
      const { container, task } = await c.started({ do: 'exit', code: 0 }, { client });
      await within('exit', task.wait());
      const closing = client.close();
      release();
      await within('close', closing);
      assert.deepEqual(log.sequence(container.id), ['create', 'start', 'exit']);
    },
    { capability: 'liveAttach' },
  );
}
