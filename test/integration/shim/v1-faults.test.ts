import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { EngineError, isCanceled, isDeadlineExceeded, isUnavailable } from '../../../src/errdefs/index.js';
import { mountsBelow } from '../../../src/platform/mount-info.js';
import { commandLine, isAlive } from '../../../src/platform/process.js';
import type { Shim, ShimParams } from '../../../src/shim/shim.js';
import { shimV1 } from '../../../src/shimv1/index.js';
import { freeze } from '../host/freeze.js';
import { missing } from '../host/requirements.js';
import { collect, sh } from '../host/run-container.js';
import { until } from '../host/until.js';
import { type Box, FOREVER, openFiles, processSpec, SIGKILL, V1Host } from './v1-fixture.js';

const skip = missing('containerd-shim', 'runc', 'busybox');
const SLEEP = ['/bin/sleep', '1000'];

describe('faults of shims of API v1', { skip }, () => {
  let host: V1Host;
  before(async () => {
    host = await V1Host.start();
  });
  after(() => host.stop());

  async function killShim(shim: Shim): Promise<void> {
    process.kill(shim.pid, 'SIGKILL');
    assert.ok(isUnavailable(await shim.closed));
    await until('the shim is gone', () => !isAlive(shim.pid));
  }

  async function assertNothingLeft(box: Box, pids: readonly number[]): Promise<void> {
    for (const pid of pids) await until(`process ${pid} has ended`, async () => !(await isRunning(pid)));
    assert.deepEqual(await box.leftovers(), []);
    assert.deepEqual(await mountsBelow(box.params.bundle.path), []);
  }

  it('cleans up after a shim that was killed, as often as wanted', async () => {
    const box = await host.box('killed', { args: SLEEP });
    const { shim, stdio, pid } = await box.run();
    const wait = assert.rejects(shim.tasks.wait(box.task, FOREVER), isUnavailable);
    await killShim(shim);
    await wait;
    await assert.rejects(shimV1.connect(box.params), isUnavailable);
    assert.ok(isAlive(pid));
    const before = Date.now();
    const dead = await shimV1.cleanup(box.params);
    assert.deepEqual([dead.pid, dead.exitStatus], [pid, 137]);
    assert.ok(dead.exitedAt.getTime() >= before);
    await assertNothingLeft(box, [pid]);
    const again = await shimV1.cleanup(box.params);
    assert.equal(again.pid, pid);
    await stdio.close();
  });

  it('cleans up a paused container, and execs that share the pids of the host', async () => {
    const box = await host.box('shared', { args: SLEEP, sharesPids: true });
    const { shim, stdio, pid } = await box.run();
    const exec = box.exec('beside');
    const none = { stdin: '', stdout: '', stderr: '', terminal: false };
    await shim.tasks.exec({ ...exec, ...none, spec: processSpec(SLEEP) });
    const other = (await shim.tasks.start(exec)).pid;
    await shim.tasks.pause({ id: box.id });
    await killShim(shim);
    await shimV1.cleanup(box.params);
    await assertNothingLeft(box, [pid, other]);
    await stdio.close();
  });

  it('cleans up what the OCI runtime has forgotten', async () => {
    const box = await host.box('forgotten', { args: SLEEP });
    const { shim, stdio, pid } = await box.run();
    await shim.tasks.pause({ id: box.id });
    await killShim(shim);
    const launch = join(box.params.bundle.path, 'shim-v1.json');
    const options = await readFile(launch, 'utf8');
    await writeFile(launch, options.replace('/runc"', '/another"'));
    await shimV1.cleanup(box.params);
    await assertNothingLeft(box, [pid]);
    await writeFile(launch, options);
    await stdio.close();
  });

  it('takes the OCI runtime from the bundle when the caller does not know it any more', async () => {
    const box = await host.box('stored', { args: SLEEP });
    const { shim, stdio, pid } = await box.run();
    await killShim(shim);
    await shimV1.cleanup({ ...box.params, options: undefined });
    await assertNothingLeft(box, [pid]);
    await stdio.close();
  });

  it('ends calls to a frozen shim in their time', async () => {
    const box = await host.box('frozen', { args: SLEEP });
    const running = await box.run();
    await freeze(running.shim.pid);
    const timeoutMs = 300;
    for (const call of [
      () => running.shim.tasks.state(box.task, { timeoutMs }),
      () =>
        running.shim.tasks.stats({ id: box.id }, { timeoutMs }).then(() => shimV1.connect(box.params, { timeoutMs })),
      () => shimV1.connect(box.params, { timeoutMs }),
      () => running.shim.tasks.shutdown({ id: box.id, now: false }, { timeoutMs }),
    ]) {
      const startedAt = Date.now();
      await assert.rejects(call(), isDeadlineExceeded);
      assert.ok(Date.now() - startedAt < 5 * timeoutMs);
    }
    await assert.rejects(shimV1.connect(box.params, { signal: AbortSignal.abort() }), isCanceled);
    process.kill(running.shim.pid, 'SIGCONT');
    await box.end(running);
  });

  it('connects again, hears of an exit that happened meanwhile, and goes on', async () => {
    const box = await host.box('again', { args: sh('read line; exit 11'), stdin: true });
    const first = await box.run();
    const wait = assert.rejects(first.shim.tasks.wait(box.task, FOREVER), isCanceled);
    first.shim.close();
    await wait;
    assert.ok(isCanceled(await first.shim.closed));
    first.stdio.streams.stdin?.write('\n');
    await until('init is gone', () => !isAlive(first.pid));
    const shim = await shimV1.connect({ ...box.params, options: undefined });
    assert.deepEqual([shim.pid, shim.apiVersion], [first.shim.pid, 1]);
    assert.equal((await shim.tasks.wait(box.task)).exitStatus, 11);
    await box.end({ shim, stdio: first.stdio });
    assert.deepEqual(await box.leftovers(), []);
  });

  it('serves two connections at once', async () => {
    const box = await host.box('twice', { args: SLEEP });
    const running = await box.run();
    const second = await shimV1.connect(box.params);
    const waits = [running.shim, second].map((shim) => shim.tasks.wait(box.task, FOREVER));
    await second.tasks.kill({ ...box.task, signal: SIGKILL, all: false });
    assert.deepEqual(
      (await Promise.all(waits)).map(({ exitStatus }) => exitStatus),
      [137, 137],
    );
    await box.end({ shim: second, stdio: running.stdio });
    assert.ok(isUnavailable(await running.shim.closed));
  });

  it('leaves nothing of a start that failed', async () => {
    const box = await host.box('unstarted', { args: SLEEP });
    const script = join(host.folder, 'shim.sh');
    await writeFile(script, '#!/bin/sh\nexit 3\n');
    await chmod(script, 0o755);
    const hung = join(host.folder, 'hung.sh');
    await writeFile(hung, '#!/bin/sh\nexec sleep 1000\n');
    await chmod(hung, 0o755);
    const files = await openFiles();
    const fails = (change: Partial<ShimParams>, isIt: (err: unknown) => boolean, timeoutMs = 5_000) =>
      assert.rejects(shimV1.start({ ...box.params, ...change }, { timeoutMs }), isIt);
    await fails({ binary: '/nowhere/containerd-shim' }, hasCode('ERR_RUNTIME_NOT_FOUND'));
    await fails({ binary: script }, hasCode('ERR_SHIM_START'));
    await fails({ binary: hung }, isDeadlineExceeded, 300);
    await fails({ eventSocket: join(host.folder, 'x'.repeat(90), 'events.sock') }, hasCode('ERR_ADDRESS_INVALID'));
    await fails(
      { options: { typeUrl: 'containerd.runc.v1.Options', value: Buffer.alloc(0) } },
      hasCode('ERR_OPTION_INVALID'),
    );
    const cancel = new AbortController();
    const canceled = shimV1.start({ ...box.params, binary: hung }, { signal: cancel.signal });
    setImmediate(() => cancel.abort());
    await assert.rejects(canceled, isCanceled);
    await until('all files are closed', async () => (await openFiles()) <= files);
    assert.deepEqual(await box.leftovers(), []);
    // And the next one is not hindered.
    await box.end(await box.run());
  });

  it('tells of output that the shim held when its end was read late', async () => {
    const box = await host.box('late', { args: sh('seq 1 2000') });
    const { shim, stdio } = await box.run();
    await shim.tasks.wait(box.task, FOREVER);
    const output = stdio.streams.stdout === undefined ? undefined : await collect(stdio.streams.stdout);
    assert.ok(output?.toString().endsWith('\n2000\n'));
    await box.end({ shim, stdio });
  });
});

/** Not a zombie: pid 1 reaps orphans when it likes. */
async function isRunning(pid: number): Promise<boolean> {
  return ((await commandLine(pid)) ?? []).length > 0;
}

function hasCode(code: string): (err: unknown) => boolean {
  return (err) => {
    if (err instanceof EngineError && err.code === code) return true;
    throw err;
  };
}
