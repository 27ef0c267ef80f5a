import assert from 'node:assert/strict';
import { Capture } from './capture.js';
import { within } from './deadline.js';
import { rejectsBecauseOf, rejectsWith } from './expect-error.js';
import type { DefineCase } from './suite-run.js';

/** A second client on the same backend is what a restarted engine has. */
export function attachCases(define: DefineCase): void {
  const needs = { capability: 'liveAttach' } as const;

  define(
    'attaches to a running task: its stdio goes on and its exit arrives',
    async (c) => {
      const before = await c.newClient();
      const { container, task, capture } = await c.started({ do: 'cat' }, { client: before, stdin: true });
      capture.stdin.write('one');
      await capture.shows('one');
      await within('close', before.close());

      const after = await c.newClient();
      const log = c.eventLog(after);
      const loaded = await within('load', after.loadContainer(container.id));
      const again = new Capture();
      const attached = await within('attach', loaded.attachTask(again.attach));
      assert.equal(attached.pid, task.pid);
      assert.equal(attached.state.status, 'running');
      again.stdin.write('two');
      await again.shows('two');
      await within('close stdin', attached.closeStdin());
      assert.equal((await within('exit', attached.wait())).code, 0);
      const exit = await log.exitOf(container.id);
      assert.ok(exit.type === 'exit');
      assert.equal(exit.exit.code, 0);
      assert.equal((await within('delete', attached.delete())).code, 0);
      await again.ended();
      assert.equal(again.stdout.toString(), 'two');
    },
    needs,
  );

  define(
    'knows the exit of a task that ended before the attach',
    async (c) => {
      const before = await c.newClient();
      const { container, task } = await c.started({ do: 'exit', code: 42 }, { client: before });
      await within('exit', task.wait());
      await within('close', before.close());

      const after = await c.newClient();
      const loaded = await within('load', after.loadContainer(container.id));
      const attached = await within('attach', loaded.attachTask(new Capture().attach));
      assert.equal(attached.state.status, 'stopped');
      assert.equal(attached.state.exit?.code, 42);
      assert.equal((await within('exit', attached.wait())).code, 42);
      assert.equal((await within('delete', attached.delete())).code, 42);
    },
    needs,
  );

  define(
    'sees an exit that happened while no client was there',
    async (c) => {
      const before = await c.newClient();
      const { container, capture } = await c.started({ do: 'cat' }, { client: before, stdin: true });
      capture.stdin.write('still here');
      await capture.shows('still here');
      await within('close', before.close());

      const killer = await c.newClient();
      const found = await within('task', (await within('load', killer.loadContainer(container.id))).task());
      await within('kill', found.kill('SIGKILL'));
      await within('exit', found.wait());
      await within('close', killer.close());

      const after = await c.newClient();
      const loaded = await within('load', after.loadContainer(container.id));
      const task = await within('task', loaded.task());
      assert.equal(task.state.exit?.code, 137);
      await within('delete', task.delete());
    },
    needs,
  );

  define(
    'attaches only where no stdio is attached by this client',
    async (c) => {
      const { container, task, capture } = await c.started({ do: 'cat' }, { stdin: true });
      const second = new Capture();
      await rejectsWith(container.attachTask(second.attach), 'conflict', 'ERR_STDIO_ATTACHED');
      assert.equal(second.streams, undefined);
      capture.stdin.write('undisturbed');
      await capture.shows('undisturbed');
      await within('close stdin', task.closeStdin());
      assert.equal((await within('exit', task.wait())).code, 0);
    },
    needs,
  );

  define(
    'attaches again after an attach callback failed',
    async (c) => {
      const before = await c.newClient();
      const { container, capture } = await c.started({ do: 'cat' }, { client: before, stdin: true });
      capture.stdin.write('one');
      await capture.shows('one');
      await within('close', before.close());

      const after = await c.newClient();
      const loaded = await within('load', after.loadContainer(container.id));
      const reason = new Error('not yet');
      await rejectsBecauseOf(
        loaded.attachTask(() => Promise.reject(reason)),
        reason,
      );
      const again = new Capture();
      const task = await within('attach', loaded.attachTask(again.attach));
      assert.equal(task.state.status, 'running');
      again.stdin.write('two');
      await again.shows('two');
    },
    needs,
  );

  define(
    'finds no task to attach to where there is none',
    async (c) => {
      const container = await c.container({ do: 'exit', code: 0 });
      await rejectsWith(container.attachTask(new Capture().attach), 'not-found', 'ERR_TASK_NOT_FOUND');
    },
    needs,
  );
}
