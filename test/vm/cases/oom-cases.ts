import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Capture } from '../../../src/libcontainerd/testsuite/capture.js';
import { scaledMs, within } from '../../../src/libcontainerd/testsuite/deadline.js';
import { EventLog } from '../../../src/libcontainerd/testsuite/event-log.js';
import { discard, finish, run, sh } from '../../integration/host/run-container.js';
import type { Backend } from './backend.js';

// Less is less than runc needs for itself: on cgroup v2 the copy that it runs from is charged to the container.
const LIMIT_BYTES = 32 * 1024 * 1024;
const EAT = 'exec dd if=/dev/zero of=/dev/null bs=64M count=1';
const WAIT = 'while :; do sleep 60 & wait $!; done';
/** A child is eaten up at the first line of input, and init goes on. */
const PARENT = `echo ready; read line; (${EAT}); echo child $?; ${WAIT}`;
const MEMORY = { memory: { limit: LIMIT_BYTES, swap: LIMIT_BYTES } };

/** OOM kills as a pure cgroup v2 host reports them (`memory.events`): of init, of a child, of an exec. */
export function oomCases(name: string, start: () => Promise<Backend>): void {
  describe(`${name}: OOM kills on cgroup v2`, { concurrency: false, timeout: scaledMs(60_000) }, () => {
    let backend: Backend;
    const log = new EventLog();
    const oomOf = (id: string) => log.until('oom', (event) => event.type === 'oom' && event.containerId === id);
    before(async () => {
      backend = await start();
      backend.client.subscribe(log.handler);
    });
    after(() => backend.stop());

    it('reports the kill of init, which ends with 137', async () => {
      const { client, rootfs } = backend;
      // Not at once: the shim begins to watch after the start.
      const running = await run(client, 'oom-init', { rootfs, args: sh(`sleep 1; ${EAT}`), resources: MEMORY });
      const event = await oomOf('oom-init');
      await log.exitOf('oom-init');
      const exit = await finish(running, scaledMs(30_000));
      assert.equal(exit.code, 137);
      assert.equal(event.processId, 'oom-init');
      assert.equal(running.task.state.oomKilled, true);
      assert.ok(running.task.state.oomKills >= 1);
    });

    it('reports the kill of a child while init goes on, and the kernel counts it', async () => {
      const { client, rootfs } = backend;
      const capture = new Capture();
      const running = await run(client, 'oom-child', {
        rootfs,
        args: sh(PARENT),
        stdin: true,
        attach: capture.attach,
        resources: MEMORY,
      });
      await capture.shows('ready');
      assert.equal(running.task.state.oomKilled, false);
      capture.stdin.write('now\n');
      await oomOf('oom-child');
      await capture.shows('child 137');
      assert.equal(running.task.state.status, 'running');
      assert.equal(running.task.state.oomKilled, true);
      const sample = await within('stats', running.task.stats());
      assert.ok(sample.kind === 'cgroup2');
      assert.equal(sample.data.memoryEvents?.oomKill, 1n);
      await discard(running);
    });

    it('reports the kill of an exec, before its exit or after, while init goes on', async () => {
      const { client, rootfs } = backend;
      const running = await run(client, 'oom-exec', { rootfs, args: sh(WAIT), resources: MEMORY });
      const exec = await running.task.exec('eater', { args: sh(EAT), cwd: '/', env: ['PATH=/bin'] });
      await exec.start();
      const exit = await within('exit of the exec', exec.wait());
      assert.equal(exit.code, 137);
      // No order is promised: the shim sends exits through a queue and OOM events beside it.
      await Promise.all([oomOf('oom-exec'), log.exitOf('oom-exec', 'eater')]);
      assert.equal(running.task.state.status, 'running');
      assert.equal(running.task.state.oomKilled, true);
      await exec.delete();
      await discard(running);
    });

    it('reports no kill of a container that was killed by a signal', async () => {
      const { client, rootfs } = backend;
      const running = await run(client, 'no-oom', { rootfs, args: sh(WAIT), resources: MEMORY });
      await running.task.kill('SIGKILL');
      const exit = await finish(running, scaledMs(30_000));
      assert.equal(exit.code, 137);
      assert.equal(running.task.state.oomKilled, false);
      assert.equal(running.task.state.oomKills, 0);
    });
  });
}
