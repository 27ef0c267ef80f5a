import assert from 'node:assert/strict';
import type { ContainerEvent } from '../event.js';
import { within } from './deadline.js';
import { EventLog } from './event-log.js';
import { startExec } from './exec-cases.js';
import { rejectsWith } from './expect-error.js';
import type { DefineCase } from './suite-run.js';

export function eventCases(define: DefineCase): void {
  define('delivers create, start and exit in order, each once', async (c) => {
    const log = c.eventLog();
    const before = Date.now();
    const { container, task } = await c.started({ do: 'exit', code: 42 });
    const event = await log.exitOf(container.id);
    assert.ok(event.type === 'exit');
    assert.equal(event.exit.code, 42);
    assert.equal(event.exit.exitUnknown, false);
    await within('delete', task.delete());
    assert.deepEqual(log.sequence(container.id), ['create', 'start', 'exit']);
    const events = log.events.filter((e) => e.containerId === container.id);
    assert.deepEqual([...new Set(events.map((e) => e.run))], [task.generation]);
    for (const each of events) {
      assert.equal(each.pid, task.pid);
      assert.ok(Math.abs(each.timestamp.getTime() - before) < 3_600_000, each.timestamp.toISOString());
    }
  });

  define('delivers the events of an exec in order, with its id', async (c) => {
    const log = c.eventLog();
    const { container, task } = await c.ready({ do: 'sleep' });
    const exec = await startExec(c, task, 'web', { do: 'exit', code: 9 });
    await within('exec exit', exec.process.wait());
    const event = await log.exitOf(container.id, 'web');
    assert.ok(event.type === 'exit');
    assert.equal(event.exit.code, 9);
    await within('delete exec', exec.process.delete());
    await within('kill', task.kill('SIGKILL'));
    await log.exitOf(container.id);
    const expected = ['create', 'start', 'exec-added(web)', 'exec-started(web)', 'exit(web)', 'exit'];
    assert.deepEqual(log.sequence(container.id), expected);
  });

  define('delivers every event to every subscriber', async (c) => {
    const logs = [c.eventLog(), c.eventLog()];
    const { container } = await c.started({ do: 'exit', code: 0 });
    for (const log of logs) {
      await log.exitOf(container.id);
      assert.deepEqual(log.sequence(container.id), ['create', 'start', 'exit']);
    }
  });

  define('waits for the handler of one container, and for no other meanwhile', async (c) => {
    const log = new EventLog();
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let slowId = '';
    const subscription = c.client.subscribe(async (event) => {
      await log.handler(event);
      if (event.containerId === slowId) await gate;
    });
    try {
      const slow = await c.container({ do: 'exit', code: 0 });
      slowId = slow.id;
      const slowTask = await c.newTask(slow);
      await within('start', slowTask.start());
      await within('exit', slowTask.wait());
      const quick = await c.started({ do: 'exit', code: 0 });
      await log.exitOf(quick.container.id);
      assert.deepEqual(log.sequence(slow.id), ['create']);
      release();
      await log.exitOf(slow.id);
      assert.deepEqual(log.sequence(slow.id), ['create', 'start', 'exit']);
    } finally {
      release();
      await subscription.close();
    }
  });

  define('goes on after a handler failed', async (c) => {
    const log = new EventLog();
    const subscription = c.client.subscribe(async (event) => {
      await log.handler(event);
      throw new Error('a handler of the suite fails on purpose');
    });
    const { container } = await c.started({ do: 'exit', code: 0 });
    await log.exitOf(container.id);
    await subscription.close();
    assert.deepEqual(log.sequence(container.id), ['create', 'start', 'exit']);
  });

  define('delivers nothing to a closed subscription', async (c) => {
    const closed = new EventLog();
    const open = c.eventLog();
    const subscription = c.client.subscribe(closed.handler);
    await within('close', subscription.close());
    await within('close again', subscription.close());
    const { container } = await c.started({ do: 'exit', code: 0 });
    await open.exitOf(container.id);
    assert.deepEqual(closed.events, []);
  });

  define('iterates over the events until the signal fires', async (c) => {
    const controller = new AbortController();
    const iterator = c.client.events({ signal: controller.signal });
    const seen: ContainerEvent[] = [];
    let sawExit = () => {};
    const exitSeen = new Promise<void>((resolve) => {
      sawExit = resolve;
    });
    const reading = (async () => {
      for await (const event of iterator) {
        seen.push(event);
        if (event.type === 'exit') sawExit();
      }
    })();
    // An iterator of a generator begins with the first read, which the loop above has made.
    const { container } = await c.started({ do: 'exit', code: 0 });
    await within('exit in the iterator', exitSeen);
    assert.deepEqual(
      seen.filter((e) => e.containerId === container.id).map((e) => e.type),
      ['create', 'start', 'exit'],
    );
    controller.abort();
    await rejectsWith(reading, 'canceled');
  });

  define('ends an iterator with its client', async (c) => {
    const client = await c.newClient();
    const reading = (async () => {
      for await (const _ of client.events()) assert.fail('no container was started');
    })();
    await within('close', client.close());
    await within('end of the iterator', reading);
  });
}
