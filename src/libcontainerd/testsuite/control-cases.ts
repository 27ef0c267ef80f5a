import assert from 'node:assert/strict';
import { within } from './deadline.js';
import { startExec } from './exec-cases.js';
import type { DefineCase } from './suite-run.js';

/** Pause, processes, terminal size and limits of a running task. */
export function controlCases(define: DefineCase): void {
  define(
    'holds a paused task still until it is resumed',
    async (c) => {
      const log = c.eventLog();
      const { container, task, capture } = await c.started({ do: 'cat' }, { stdin: true });
      await within('pause', task.pause());
      assert.equal(task.state.status, 'paused');
      assert.equal((await within('status', task.status())).status, 'paused');
      capture.stdin.write('while paused');
      assert.equal((await within('status', task.status())).status, 'paused');
      assert.equal(capture.stdout.length, 0);
      await within('resume', task.resume());
      assert.equal(task.state.status, 'running');
      await capture.shows('while paused');
      await within('close stdin', task.closeStdin());
      assert.equal((await within('exit', task.wait())).code, 0);
      await log.exitOf(container.id);
      assert.deepEqual(log.sequence(container.id), ['create', 'start', 'paused', 'resumed', 'exit']);
    },
    { capability: 'pause' },
  );

  define(
    'delivers a signal sent during a pause after the resume',
    async (c) => {
      const { task } = await c.ready({ do: 'sleep' });
      await within('pause', task.pause());
      await within('kill', task.kill('SIGTERM'));
      assert.equal((await within('status', task.status())).status, 'paused');
      await within('resume', task.resume());
      assert.equal((await within('exit', task.wait())).code, 143);
    },
    { capability: 'pause' },
  );

  define(
    'force-deletes a paused task',
    async (c) => {
      const { task } = await c.ready({ do: 'sleep' });
      await within('pause', task.pause());
      assert.equal((await within('force delete', task.forceDelete(), 30_000)).code, 137);
    },
    { capability: 'pause' },
  );

  define('lists the processes of a task', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    const exec = await startExec(c, task, 'web', { do: 'sleep' });
    await exec.capture.shows('ready');
    const pids = await within('pids', task.pids());
    assert.ok(pids.includes(task.pid), `${task.pid} in ${pids}`);
    assert.ok(pids.includes(exec.process.pid), `${exec.process.pid} in ${pids}`);
    const summary = await within('summary', task.summary());
    assert.ok(summary.some((each) => each.pid === task.pid));
    const found = summary.find((each) => each.pid === exec.process.pid);
    assert.ok(found !== undefined && (found.execId === undefined || found.execId === 'web'));
  });

  define('sets the size of a terminal', async (c) => {
    const { task, capture } = await c.ready({ do: 'tty-size' }, { terminal: true });
    await within('resize', task.resize(123, 45));
    await capture.shows('size 45 123');
    await within('resize', task.resize(80, 24));
    await capture.shows('size 24 80');
  });

  define('sets the size of the terminal of an exec', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    const { process, capture } = await startExec(c, task, 'web', { do: 'tty-size' }, { terminal: true });
    await capture.shows('ready');
    await within('resize', process.resize(101, 31));
    await capture.shows('size 31 101');
  });

  define(
    'changes limits of a running task, one at a time',
    async (c) => {
      const { task } = await c.ready({ do: 'sleep' });
      await within('update', task.updateResources({ memory: { limit: 64 * 1024 * 1024 } }));
      await within('update', task.updateResources({ pids: { limit: 40 } }));
      assert.equal((await within('status', task.status())).status, 'running');
    },
    { capability: 'updateResources' },
  );
}
