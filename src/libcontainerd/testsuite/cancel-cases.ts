import assert from 'node:assert/strict';
import { within } from './deadline.js';
import { rejectsWith } from './expect-error.js';
import type { DefineCase } from './suite-run.js';

/** Timeouts and signals end the wait of the caller, never the process. */
export function cancelCases(define: DefineCase): void {
  define('ends a wait at its timeout and leaves the process alone', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    await rejectsWith(task.wait({ timeoutMs: 20 }), 'deadline-exceeded');
    assert.equal((await within('status', task.status())).status, 'running');
    await within('kill', task.kill('SIGTERM'));
    assert.equal((await within('exit', task.wait({ timeoutMs: 600_000 }))).code, 143);
  });

  define('ends a wait when its signal fires and leaves the process alone', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    const controller = new AbortController();
    const wait = task.wait({ signal: controller.signal });
    const other = task.wait();
    controller.abort();
    await rejectsWith(wait, 'canceled');
    await rejectsWith(task.wait({ signal: controller.signal }), 'canceled');
    assert.equal((await within('status', task.status())).status, 'running');
    await within('kill', task.kill('SIGTERM'));
    assert.equal((await within('exit', other)).code, 143);
  });

  define('sends nothing when the signal has fired before', async (c) => {
    const call = { signal: AbortSignal.abort() };
    const { container, task } = await c.created({ do: 'exit', code: 0 });
    const id = c.newId();
    await rejectsWith(c.client.newContainer(id, { spec: c.env.spec({ do: 'exit', code: 0 }) }, call), 'canceled');
    await rejectsWith(c.client.loadContainer(id), 'not-found');
    await rejectsWith(task.start(call), 'canceled');
    await rejectsWith(c.client.containers(call), 'canceled');
    await rejectsWith(container.delete(call), 'canceled');
    assert.equal((await within('status', task.status())).status, 'created');
  });
}
