import assert from 'node:assert/strict';
import type { ContainerEvent } from '../event.js';
import { Capture } from './capture.js';
import { SCALE, within } from './deadline.js';
import { startExec } from './exec-cases.js';
import { rejectsWith } from './expect-error.js';
import type { DefineCase } from './suite-run.js';

/** A task's id is its container's: the same for each run. These cases are about telling the runs apart. */
export function rerunCases(define: DefineCase): void {
  define('runs a container again after its task was deleted, as a new run', async (c) => {
    const log = c.eventLog();
    const { container, task } = await c.started({ do: 'exit', code: 3 });
    await within('exit', task.wait());
    await within('delete', task.delete());
    const capture = new Capture();
    const second = await c.newTask(container, { stdio: { attach: capture.attach } });
    assert.equal(second.state.status, 'created');
    assert.equal(second.state.exit, undefined);
    await within('start', second.start());
    assert.equal((await within('exit', second.wait())).code, 3);
    assert.equal(task.state.exit?.code, 3);
    await log.until('second exit', () => log.sequence(container.id).filter((type) => type === 'exit').length === 2);
    const runs = new Set(log.events.filter((e) => e.containerId === container.id).map((e) => e.run));
    assert.equal(runs.size, 2);
    assert.ok(!runs.has(undefined));
  });

  define('never takes an event of an earlier run for one of this run', async (c) => {
    const rounds = Math.max(2, Math.round(5 * SCALE));
    const log = c.eventLog();
    const container = await c.container({ do: 'trap', signal: 'SIGUSR1', exit: 11 });
    for (let round = 0; round < rounds; round++) {
      const capture = new Capture();
      const task = await c.newTask(container, { stdio: { attach: capture.attach } });
      await within('start', task.start());
      await capture.shows('ready');
      assert.equal(task.state.status, 'running');
      assert.equal(task.state.exit, undefined);
      // Two ways to end, by turns, so that a wrong run shows in the code.
      const signal = round % 2 === 0 ? 'SIGKILL' : 'SIGUSR1';
      await within('kill', task.kill(signal));
      assert.equal((await within('exit', task.wait())).code, round % 2 === 0 ? 137 : 11);
      await within('delete', task.delete());
    }
    const exits = () => log.events.filter((e) => e.type === 'exit' && e.containerId === container.id);
    await log.until('last exit', () => exits().length === rounds);
    const byRun = new Map<number | undefined, ContainerEvent[]>();
    for (const event of log.events.filter((e) => e.containerId === container.id)) {
      byRun.set(event.run, [...(byRun.get(event.run) ?? []), event]);
    }
    assert.equal(byRun.size, rounds);
    let round = 0;
    for (const events of byRun.values()) {
      assert.deepEqual(
        events.map((e) => e.type),
        ['create', 'start', 'exit'],
      );
      const last = events.at(-1);
      assert.ok(last?.type === 'exit');
      assert.equal(last.exit.code, round++ % 2 === 0 ? 137 : 11);
    }
  });

  define('hands late events of a deleted run over in order, before those of the next', async (c) => {
    const seen: { type: string; run: number | undefined }[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let id = '';
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const subscription = c.client.subscribe(async (event) => {
      if (event.containerId !== id) return;
      await gate;
      seen.push({ type: event.type, run: event.run });
      if (seen.filter((e) => e.type === 'exit').length === 2) finish();
    });
    try {
      const container = await c.container({ do: 'exit', code: 0 });
      id = container.id;
      for (let round = 0; round < 2; round++) {
        const task = await c.newTask(container);
        await within('start', task.start());
        await within('exit', task.wait());
        await within('delete', task.delete());
      }
      assert.equal(seen.length, 0);
      release();
      await within('late events', finished);
    } finally {
      release();
      await subscription.close();
    }
    assert.deepEqual(
      seen.map((e) => e.type),
      ['create', 'start', 'exit', 'create', 'start', 'exit'],
    );
    assert.equal(seen[0]?.run, seen[2]?.run);
    assert.equal(seen[3]?.run, seen[5]?.run);
    assert.notEqual(seen[0]?.run, seen[3]?.run);
  });

  define('keeps the hands of an old task off the next run of its container', async (c) => {
    const { container, task: old } = await c.ready({ do: 'sleep' });
    await within('kill', old.kill('SIGTERM'));
    await within('exit', old.wait());
    await within('delete', old.delete());
    const capture = new Capture();
    const task = await c.newTask(container, { stdio: { attach: capture.attach } });
    await within('start', task.start());
    await capture.shows('ready');
    await rejectsWith(old.kill('SIGKILL'), 'not-found');
    await rejectsWith(old.status(), 'not-found');
    await rejectsWith(old.delete(), 'not-found');
    await rejectsWith(old.forceDelete(), 'not-found');
    assert.equal((await within('status', task.status())).status, 'running');
    assert.equal((await within('old exit', old.wait())).code, 143);
    await within('kill', task.kill('SIGKILL'));
    assert.equal((await within('exit', task.wait())).code, 137);
    assert.equal(old.state.exit?.code, 143);
    await rejectsWith(old.delete(), 'not-found');
    assert.equal((await within('delete', task.delete())).code, 137);
  });

  define('keeps the hands of an old exec off the next one with its id', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    const { process: old } = await startExec(c, task, 'web', { do: 'exit', code: 3 });
    await within('exec exit', old.wait());
    await within('delete exec', old.delete());
    const { process, capture } = await startExec(c, task, 'web', { do: 'sleep' });
    await capture.shows('ready');
    await rejectsWith(old.kill('SIGKILL'), 'not-found');
    await rejectsWith(old.status(), 'not-found');
    await rejectsWith(old.delete(), 'not-found');
    assert.equal(old.state.exit?.code, 3);
    assert.equal((await within('status', process.status())).status, 'running');
    await within('kill', process.kill('SIGTERM'));
    assert.equal((await within('exec exit', process.wait())).code, 143);
    await rejectsWith(old.delete(), 'not-found');
    assert.equal((await within('delete exec', process.delete())).code, 143);
  });
}
