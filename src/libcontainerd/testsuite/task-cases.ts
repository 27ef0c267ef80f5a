import assert from 'node:assert/strict';
import { within } from './deadline.js';
import { rejectsWith } from './expect-error.js';
import type { DefineCase } from './suite-run.js';

export function taskCases(define: DefineCase): void {
  for (const code of [0, 1, 42]) {
    define(`reports exit code ${code}, from wait, state, status and delete alike`, async (c) => {
      const before = Date.now();
      const { task } = await c.started({ do: 'exit', code });
      const exit = await within('exit', task.wait());
      assert.equal(exit.code, code);
      assert.equal(exit.exitUnknown, false);
      // The backend's clock is this host's; an hour off would be a unit or an epoch gone wrong.
      assert.ok(Math.abs(exit.exitedAt.getTime() - before) < 3_600_000, exit.exitedAt.toISOString());
      assert.equal(task.state.status, 'stopped');
      assert.equal(task.state.exit?.code, code);
      const status = await within('status', task.status());
      assert.equal(status.status, 'stopped');
      assert.equal(status.exit?.code, code);
      assert.equal((await within('delete', task.delete())).code, code);
      assert.equal(task.state.exit?.code, code);
    });
  }

  define('goes from created to running to stopped with one pid, known from create on', async (c) => {
    const { container, task, capture } = await c.created({ do: 'sleep' });
    assert.equal(task.id, container.id);
    assert.equal(task.containerId, container.id);
    const pid = task.pid;
    assert.ok(pid > 0);
    assert.equal(task.state.status, 'created');
    assert.deepEqual(await within('status', task.status()), { status: 'created', pid });
    await within('start', task.start());
    assert.equal(task.state.status, 'running');
    await capture.shows('ready');
    assert.deepEqual(await within('status', task.status()), { status: 'running', pid });
    assert.equal(task.state.exit, undefined);
    await within('kill', task.kill('SIGTERM'));
    await within('exit', task.wait());
    assert.equal(task.state.status, 'stopped');
    assert.equal(task.pid, pid);
  });

  define('answers a wait from before the start, during the run, after the end and after the delete', async (c) => {
    const { task, capture } = await c.created({ do: 'trap', signal: 'SIGUSR1', exit: 9 });
    const early = task.wait();
    await within('start', task.start());
    await capture.shows('ready');
    const during = task.wait();
    await within('kill', task.kill('SIGUSR1'));
    assert.equal((await within('early wait', early)).code, 9);
    assert.equal((await within('wait', during)).code, 9);
    assert.equal((await within('late wait', task.wait())).code, 9);
    assert.equal((await within('late wait', task.wait())).code, 9);
    await within('delete', task.delete());
    assert.equal((await within('wait after delete', task.wait())).code, 9);
  });

  define('kills by name with a handler, and by number without one', async (c) => {
    const polite = await c.ready({ do: 'sleep' });
    await within('kill', polite.task.kill('SIGTERM'));
    assert.equal((await within('exit', polite.task.wait())).code, 143);
    const firm = await c.ready({ do: 'sleep' });
    await within('kill', firm.task.kill(9));
    assert.equal((await within('exit', firm.task.wait())).code, 137);
  });

  define('kills every process of the container when asked to', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    await within('kill', task.kill('SIGKILL', { all: true }));
    assert.equal((await within('exit', task.wait())).code, 137);
  });

  define('refuses a signal that does not exist', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    await rejectsWith(task.kill(0), 'invalid-argument', 'ERR_SIGNAL_INVALID');
    await rejectsWith(task.kill(1000), 'invalid-argument', 'ERR_SIGNAL_INVALID');
    assert.equal((await within('status', task.status())).status, 'running');
  });

  define('has nothing to kill once the process has ended or was deleted', async (c) => {
    const { task } = await c.started({ do: 'exit', code: 0 });
    await within('exit', task.wait());
    await rejectsWith(task.kill('SIGTERM'), 'not-found');
    await within('delete', task.delete());
    await rejectsWith(task.kill('SIGTERM'), 'not-found');
    await rejectsWith(task.status(), 'not-found');
  });

  define('refuses to start a task twice, running or ended', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    await rejectsWith(task.start(), 'failed-precondition');
    await within('kill', task.kill('SIGTERM'));
    assert.equal((await within('exit', task.wait())).code, 143);
    await rejectsWith(task.start(), 'failed-precondition');
  });

  define('refuses to delete a running task, and to delete one twice', async (c) => {
    const { container, task } = await c.ready({ do: 'sleep' });
    await rejectsWith(task.delete(), 'failed-precondition');
    assert.equal((await within('status', task.status())).status, 'running');
    await within('kill', task.kill('SIGTERM'));
    await within('exit', task.wait());
    await within('delete', task.delete());
    await rejectsWith(task.delete(), 'not-found');
    await rejectsWith(container.task(), 'not-found', 'ERR_TASK_NOT_FOUND');
  });

  define('force-deletes a task that was never started', async (c) => {
    const { container, task } = await c.created({ do: 'exit', code: 0 });
    await rejectsWith(task.delete(), 'failed-precondition');
    const waited = task.wait();
    await within('force delete', task.forceDelete(), 30_000);
    await within('wait of a task that never ran', waited);
    await rejectsWith(container.task(), 'not-found', 'ERR_TASK_NOT_FOUND');
  });

  define('force-deletes a running task and an ended one', async (c) => {
    const running = await c.ready({ do: 'sleep' });
    assert.equal((await within('force delete', running.task.forceDelete(), 30_000)).code, 137);
    await rejectsWith(running.container.task(), 'not-found', 'ERR_TASK_NOT_FOUND');
    const ended = await c.started({ do: 'exit', code: 5 });
    await within('exit', ended.task.wait());
    assert.equal((await within('force delete', ended.task.forceDelete(), 30_000)).code, 5);
    await rejectsWith(ended.task.forceDelete(), 'not-found');
  });

  define('refuses a second task and leaves the first alone', async (c) => {
    const { container, task } = await c.ready({ do: 'sleep' });
    await rejectsWith(container.newTask(), 'conflict', 'ERR_TASK_EXISTS');
    assert.equal((await within('status', task.status())).status, 'running');
    await within('kill', task.kill('SIGTERM'));
    assert.equal((await within('exit', task.wait())).code, 143);
    await rejectsWith(container.newTask(), 'conflict', 'ERR_TASK_EXISTS');
  });

  define('finds the task again without its stdio', async (c) => {
    const { container, task } = await c.ready({ do: 'sleep' });
    const found = await within('task', container.task());
    assert.equal(found.pid, task.pid);
    assert.equal(found.state.status, 'running');
    await within('kill', found.kill('SIGTERM'));
    assert.equal((await within('exit', found.wait())).code, 143);
    assert.equal((await within('exit', task.wait())).code, 143);
  });

  define('refuses a program that is not in the root file system, and can remove what is left', async (c) => {
    const container = await c.container({ do: 'missing' });
    // runc tells at create, other runtimes at start.
    const attempt = c.newTask(container).then((task) => task.start());
    await rejectsWith(attempt, 'invalid-argument', 'ERR_COMMAND_NOT_FOUND');
    const left = await container.task().catch(() => undefined);
    if (left !== undefined) await within('force delete', left.forceDelete(), 30_000);
    await rejectsWith(container.task(), 'not-found', 'ERR_TASK_NOT_FOUND');
    await within('delete', container.delete());
  });

  define('runs ten containers side by side', async (c) => {
    const codes = Array.from({ length: 10 }, (_, n) => n + 20);
    const started = await Promise.all(codes.map((code) => c.started({ do: 'exit', code })));
    const exits = await within('ten exits', Promise.all(started.map(({ task }) => task.wait())), 60_000);
    assert.deepEqual(
      exits.map((exit) => exit.code),
      codes,
    );
  });

  define(
    'sees an OOM kill before the exit, in state and as an event',
    async (c) => {
      const spec = c.env.oomSpec?.();
      assert.ok(spec !== undefined);
      const log = c.eventLog();
      const { container, task } = await c.started(spec);
      c.env.oomTrigger?.(container.id);
      assert.equal((await within('exit', task.wait(), 60_000)).code, 137);
      await log.until('oom', (e) => e.type === 'oom' && e.containerId === container.id);
      assert.equal(task.state.oomKilled, true);
      assert.ok(task.state.oomKills >= 1);
    },
    { capability: 'oomEvents', oom: true },
  );
}
