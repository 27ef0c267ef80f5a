import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createLogger } from '../../../src/log/logger.js';
import { Cgroup1OomWatcher } from '../../../src/oom/cgroup1-watcher.js';
import { missing } from '../host/requirements.js';
import { sh } from '../host/run-container.js';
import { FOREVER, processSpec, V1Host } from './v1-fixture.js';

const skip = missing('containerd-shim', 'runc', 'busybox');
const MIB = 1024 * 1024;
/** tail keeps a line until it ends, and this one does not. */
const GREEDY = 'tail /dev/zero';
const resources = { memory: { limit: 16 * MIB, swap: 16 * MIB } };

describe('oom kills on cgroup v1', { skip }, () => {
  let host: V1Host;
  let watcher: Cgroup1OomWatcher;
  const told: [string, number, number][] = [];
  let onTold = () => {};
  before(async () => {
    host = await V1Host.start();
    const onKills = (...kills: [string, number, number]) => {
      told.push(kills);
      onTold();
    };
    watcher = new Cgroup1OomWatcher({ onKills, log: createLogger() });
  });
  after(async () => {
    watcher.close();
    await host.stop();
  });

  it('tells of an exec that is killed while the container goes on, within the second', async () => {
    const box = await host.box('exec', { args: ['/bin/sleep', '1000'], resources });
    const running = await box.run();
    const { tasks } = running.shim;
    await watcher.watch('exec-run', running.pid);
    const exec = box.exec('greedy');
    await tasks.exec({ ...exec, stdin: '', stdout: '', stderr: '', terminal: false, spec: processSpec(sh(GREEDY)) });
    const heard = new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error('nothing was told')), 10_000);
      onTold = () => {
        clearTimeout(deadline);
        resolve();
      };
    });
    await tasks.start(exec);
    assert.equal((await tasks.wait(exec, FOREVER)).exitStatus, 137);
    const diedAt = performance.now();
    await heard;
    assert.ok(performance.now() - diedAt < 2_000);
    assert.deepEqual(told, [['exec-run', 1, 1]]);
    await tasks.delete(exec);
    await box.end(running);
    // The cgroup is gone; what is known stays until it is forgotten.
    assert.equal(await watcher.check('exec-run'), 1);
    watcher.unwatch('exec-run');
  });

  it('finds the kill of init between exit and delete', async () => {
    told.length = 0;
    const box = await host.box('init', { args: ['/bin/tail', '/dev/zero'], resources });
    const created = await box.create();
    await watcher.watch('init-run', created.pid);
    await created.shim.tasks.start(box.task);
    assert.equal((await created.shim.tasks.wait(box.task, FOREVER)).exitStatus, 137);
    assert.equal(await watcher.check('init-run'), 1);
    assert.deepEqual(told, [['init-run', 1, 1]]);
    await box.end(created);
    watcher.unwatch('init-run');
  });

  it('does not take a kill by us for one', async () => {
    told.length = 0;
    const box = await host.box('other', { args: ['/bin/sleep', '1000'], resources });
    const running = await box.run();
    await watcher.watch('other-run', running.pid);
    await box.end(running);
    assert.equal(await watcher.check('other-run'), 0);
    assert.deepEqual(told, []);
  });
});
