import assert from 'node:assert/strict';
import { within } from './deadline.js';
import type { DefineCase } from './suite-run.js';

export function statsCases(define: DefineCase): void {
  define(
    'samples a task in the form that the capabilities name',
    async (c) => {
      const { container, task } = await c.ready({ do: 'sleep' });
      for (const sample of [
        await within('stats', task.stats()),
        (await within('stats', c.client.stats([container.id]))).get(container.id),
      ]) {
        assert.ok(sample !== undefined);
        assert.equal(sample.kind, c.client.capabilities.metrics);
        assert.ok(Math.abs(sample.readAt.getTime() - Date.now()) < 3_600_000, sample.readAt.toISOString());
      }
    },
    { capability: 'metrics' },
  );

  define(
    'samples many tasks at once, those asked for and no others',
    async (c) => {
      const started = await Promise.all([1, 2, 3].map(() => c.ready({ do: 'sleep' })));
      const ids = started.map(({ container }) => container.id);
      const all = await within('stats', c.client.stats());
      assert.deepEqual([...all.keys()].sort(), [...ids].sort());
      const wanted = ids.slice(0, 2);
      const some = await within('stats', c.client.stats([...wanted, 'no-such-container']));
      assert.deepEqual([...some.keys()].sort(), [...wanted].sort());
      assert.equal((await within('stats', c.client.stats([]))).size, 0);
    },
    { capability: 'metrics' },
  );
}
