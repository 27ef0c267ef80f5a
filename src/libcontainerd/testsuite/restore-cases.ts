import assert from 'node:assert/strict';
import { Capture } from './capture.js';
import { within } from './deadline.js';
import type { DefineCase } from './suite-run.js';

const NAMESPACE = 'suite-restore';

export function restoreCases(define: DefineCase): void {
  const needs = { capability: 'liveAttach' } as const;

  define('restores nothing where there is nothing', async (c) => {
    const client = await c.newClient('suite-empty');
    assert.deepEqual(await within('restore', client.restore()), []);
  });

  define(
    'restores running, ended and task-less containers, with stdio where asked',
    async (c) => {
      const before = await c.newClient(NAMESPACE);
      const running = await c.started({ do: 'cat' }, { client: before, stdin: true });
      running.capture.stdin.write('one');
      await running.capture.shows('one');
      const ended = await c.started({ do: 'exit', code: 42 }, { client: before });
      await within('exit', ended.task.wait());
      const bare = await c.container({ do: 'exit', code: 0 }, { client: before, labels: { kept: 'yes' } });
      await within('close', before.close());

      const after = await c.newClient(NAMESPACE);
      const capture = new Capture();
      const attach = ({ id }: { id: string }) => (id === running.container.id ? capture.attach : undefined);
      const restored = await within('restore', after.restore({ attach }));
      const byId = new Map(restored.map((each) => [each.container.id, each]));
      assert.deepEqual([...byId.keys()].sort(), [running.container.id, ended.container.id, bare.id].sort());

      assert.equal(byId.get(bare.id)?.task, undefined);
      assert.equal(byId.get(bare.id)?.container.labels.kept, 'yes');

      const endedTask = byId.get(ended.container.id)?.task;
      assert.ok(endedTask !== undefined);
      assert.equal(endedTask.state.exit?.code, 42);
      assert.equal((await within('delete', endedTask.delete())).code, 42);

      const task = byId.get(running.container.id)?.task;
      assert.ok(task !== undefined);
      assert.equal(task.pid, running.task.pid);
      assert.equal(task.state.status, 'running');
      capture.stdin.write('two');
      await capture.shows('two');
      await within('close stdin', task.closeStdin());
      assert.equal((await within('exit', task.wait())).code, 0);
      await within('delete', task.delete());
    },
    needs,
  );
}
