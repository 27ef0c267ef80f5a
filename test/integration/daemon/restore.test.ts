import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createEngine } from '../../../src/daemon-core/index.js';
import { isAlive } from '../../../src/platform/process.js';
import { freeze } from '../host/freeze.js';
import { shimsOf } from '../host/leftovers.js';
import { missing } from '../host/requirements.js';
import { until } from '../host/until.js';
import { EngineHost, execIn, SLEEP, sh } from './engine-host.js';

const WAIT = { timeoutMs: 20_000 };

describe('an engine that comes again', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  before(async () => {
    host = await EngineHost.start({ backend: { warmShims: 0 }, restoreTimeoutMs: 2_000 });
  });
  after(() => host.stop());

  it('finds running, paused, ended and created containers as they are', async () => {
    const running = await host.running(SLEEP);
    const paused = await host.running(SLEEP);
    await paused.pause();
    const created = await host.create(SLEEP);
    const ended = await host.create(sh('exit 3'));
    const exit = ended.wait('next-exit', WAIT);
    await ended.start();
    await exit;
    const short = await host.running(sh('sleep 0.3; exit 5'));
    const before = running.inspect().State;
    await host.engine.close();
    const { Pid } = short.inspect().State;
    await until('the short one has ended', () => !isAlive(Pid));
    await host.reopen();
    const of = (id: string) => host.engine.container(id);
    assert.deepEqual(of(running.id).inspect().State, before);
    assert.equal((await execIn(of(running.id), '/bin/echo', 'alive')).out, 'alive\n');
    assert.equal(of(paused.id).inspect().State.Status, 'paused');
    await of(paused.id).unpause();
    assert.equal(of(created.id).inspect().State.Status, 'created');
    assert.equal(of(ended.id).inspect().State.ExitCode, 3);
    assert.equal(of(short.id).inspect().State.Status, 'exited');
    assert.equal(of(short.id).inspect().State.ExitCode, 5);
    await of(created.id).start();
    await host.removeAll();
  });

  it('takes no live container for dead because its shim does not answer', async () => {
    const c = await host.running(SLEEP);
    await host.engine.close();
    const shims = (await shimsOf(host.folder)).filter(({ command }) => command.includes(c.id));
    assert.equal(shims.length, 1);
    for (const { pid } of shims) await freeze(pid);
    try {
      await host.reopen();
      const again = host.engine.container(c.id);
      assert.equal(again.inspect().State.Status, 'running');
      assert.notEqual(again.inspect().Uncertain, false);
      await assert.rejects(again.stop({}, { timeoutMs: 5_000 }), { name: 'FailedPreconditionError' });
    } finally {
      for (const { pid } of shims) process.kill(pid, 'SIGCONT');
    }
    await until('it is certain', () => host.engine.container(c.id).inspect().Uncertain === false, 30_000);
    assert.equal((await execIn(host.engine.container(c.id), '/bin/echo', 'alive')).out, 'alive\n');
    await host.removeAll();
  });

  it('says 255 of a container of which nobody knows how it ended', async () => {
    const c = await host.running(SLEEP);
    const { Pid } = c.inspect().State;
    await host.engine.close();
    for (const { pid, command } of await shimsOf(host.folder)) {
      if (command.includes(c.id)) process.kill(pid, 'SIGKILL');
    }
    process.kill(Pid, 'SIGKILL');
    await until('its shim is gone', async () =>
      (await shimsOf(host.folder)).every(({ command }) => !command.includes(c.id)),
    );
    await host.reopen();
    const { Status, ExitCode } = host.engine.container(c.id).inspect().State;
    assert.equal(Status, 'exited');
    assert.ok(ExitCode === 137 || ExitCode === 255, `${ExitCode}`);
    await host.removeAll();
  });

  it('leaves a damaged record alone, and all others are there', async () => {
    const good = await host.create(SLEEP);
    const bad = await host.create(SLEEP);
    await host.engine.close();
    const folder = join(host.folder, 'root/engine/containers', bad.id);
    await writeFile(join(folder, 'container.json'), '{"version":1,');
    await host.reopen();
    assert.deepEqual(
      host.engine.damaged.map(({ id, error }) => [id, error.code]),
      [[bad.id, 'ERR_STATE_CORRUPT']],
    );
    assert.equal(host.engine.container(good.id).inspect().State.Status, 'created');
    assert.throws(() => host.engine.container(bad.id), { code: 'ERR_CONTAINER_NOT_FOUND' });
    await rm(folder, { recursive: true });
    await host.removeAll();
  });

  it('refuses a root that another engine has', async () => {
    await assert.rejects(createEngine(host.options), { code: 'ERR_ROOT_BUSY' });
  });
});
