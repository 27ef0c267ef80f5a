import assert from 'node:assert/strict';
import { Capture } from './capture.js';
import type { CaseContext } from './case-context.js';
import { within } from './deadline.js';
import { startExec } from './exec-cases.js';
import type { DefineCase } from './suite-run.js';

/** Design section 5: calls are part of the contract, and counted. */
export function budgetCases(define: DefineCase): void {
  const needs = { rpcCounts: true };

  define(
    'runs a container from create to delete in five calls',
    async (c) => {
      const log = c.eventLog();
      const calls = countCalls(c);
      const { container, task, capture } = await c.started({ do: 'print', stdout: 'hello', exit: 3 });
      await within('exit', task.wait());
      await within('delete task', task.delete());
      await within('delete container', container.delete());
      await log.exitOf(container.id);
      await capture.ended();
      assert.deepEqual(calls(), {
        'Containers/Create': 1,
        'Containers/Delete': 1,
        'Tasks/Create': 1,
        'Tasks/Delete': 1,
        'Tasks/Start': 1,
      });
    },
    needs,
  );

  define(
    'runs an exec in two calls and removes it in one',
    async (c) => {
      const { task } = await c.ready({ do: 'sleep' });
      const calls = countCalls(c);
      const { process } = await startExec(c, task, 'web', { do: 'exit', code: 0 });
      await within('exec exit', process.wait());
      assert.deepEqual(calls(), { 'Tasks/Exec': 1, 'Tasks/Start': 1 });
      const removal = countCalls(c);
      await within('delete exec', process.delete());
      assert.deepEqual(removal(), { 'Tasks/DeleteProcess': 1 });
    },
    needs,
  );

  define(
    'samples any number of tasks in one call',
    async (c) => {
      const started = await Promise.all([1, 2, 3, 4].map(() => c.ready({ do: 'sleep' })));
      const calls = countCalls(c);
      const samples = await within('stats', c.client.stats(started.map(({ container }) => container.id)));
      assert.equal(samples.size, 4);
      assert.deepEqual(calls(), { 'Tasks/Metrics': 1 });
    },
    { ...needs, capability: 'metrics' },
  );

  define(
    'restores any number of containers with two lists',
    async (c) => {
      const before = await c.newClient('suite-budget');
      for (let n = 0; n < 3; n++) await c.started({ do: 'cat' }, { client: before, stdin: true });
      await within('close', before.close());
      const after = await c.newClient('suite-budget');
      const calls = countCalls(c);
      const restored = await within('restore', after.restore({ attach: () => new Capture().attach }));
      assert.equal(restored.filter(({ task }) => task !== undefined).length, 3);
      assert.deepEqual(calls(), { 'Containers/ListStream': 1, 'Tasks/List': 1 });
    },
    { ...needs, capability: 'liveAttach' },
  );

  define(
    'kills, pauses and resumes in one call each, and waits in none',
    async (c) => {
      const { task } = await c.ready({ do: 'sleep' });
      const calls = countCalls(c);
      await within('pause', task.pause());
      await within('resume', task.resume());
      const wait = task.wait();
      await within('kill', task.kill('SIGTERM'));
      await within('exit', wait);
      assert.deepEqual(calls(), { 'Tasks/Kill': 1, 'Tasks/Pause': 1, 'Tasks/Resume': 1 });
    },
    { ...needs, capability: 'pause' },
  );
}

/** Starts counting; what it returns gives the calls since, those that happened at all. */
function countCalls(c: CaseContext): () => Record<string, number> {
  const counts = () => c.env.rpcCounts?.() ?? new Map<string, number>();
  const before = new Map(counts());
  return () => {
    const made: Record<string, number> = {};
    for (const [name, count] of counts()) {
      const calls = count - (before.get(name) ?? 0);
      if (calls !== 0) made[name] = calls;
    }
    return made;
  };
}
