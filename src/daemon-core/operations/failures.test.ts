import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { ResourceExhaustedError, UnavailableError } from '../../errdefs/index.js';
import { RecordStore } from '../state/record-store.js';
import { FakeEngine } from '../testing/fake-engine.js';

const WAIT = { timeoutMs: 5_000 };

function diskIsFull(): () => void {
  const full = async () => {
    throw new ResourceExhaustedError('no space left on device');
  };
  const mocks = [mock.method(RecordStore.prototype, 'save', full), mock.method(RecordStore.prototype, 'append', full)];
  return () => {
    for (const each of mocks) each.mock.restore();
  };
}

describe('operations when something fails', () => {
  let fake: FakeEngine;
  beforeEach(async () => {
    fake = await FakeEngine.start();
  });
  afterEach(async () => {
    mock.restoreAll();
    await fake.stop();
  });

  it('keeps a container that has started when the disk does not take the news', async () => {
    const c = await fake.create(['sleep']);
    const { save } = RecordStore.prototype;
    mock.method(RecordStore.prototype, 'save', function (this: RecordStore, ...args: Parameters<typeof save>) {
      if (args[0].state.status === 'running') throw new ResourceExhaustedError('no space left on device');
      return save.apply(this, args);
    });
    await c.start();
    assert.equal(c.inspect().State.Status, 'running');
    mock.restoreAll();
    await fake.reopen();
    assert.equal(fake.engine.container(c.id).inspect().State.Status, 'running');
  });

  it('knows how a run ended of which the disk took nothing but the exit', async () => {
    const c = await fake.create(['exit', '3']);
    const { save } = RecordStore.prototype;
    mock.method(RecordStore.prototype, 'save', function (this: RecordStore, ...args: Parameters<typeof save>) {
      if (args[0].state.run > 0) throw new ResourceExhaustedError('no space left on device');
      return save.apply(this, args);
    });
    const ended = c.wait('next-exit', WAIT);
    await c.start();
    await ended;
    await fake.reopen();
    const { Status, ExitCode } = fake.engine.container(c.id).inspect().State;
    assert.deepEqual([Status, ExitCode], ['exited', 3]);
  });

  it('stops, kills, pauses and removes when the disk is full', { timeout: 20_000 }, async () => {
    const c = await fake.running(['sleep']);
    const other = await fake.running(['sleep']);
    const isFullNoMore = diskIsFull();
    await c.pause();
    await c.unpause();
    await c.stop(undefined, WAIT);
    assert.equal(c.inspect().State.Status, 'exited');
    await other.kill('SIGKILL', WAIT);
    await c.remove();
    assert.equal(fake.engine.removedStatus(c.id)?.exitCode, 143);
    isFullNoMore();
  });

  it('ends who has attached before a start that fails', { timeout: 5_000 }, async () => {
    const c = await fake.create(['sleep']);
    const { done, stdout } = c.attach({ stdout: true });
    fake.host.failNext('Containers/Create', new UnavailableError('not now'));
    await assert.rejects(c.start(), { name: 'UnavailableError' });
    stdout?.resume();
    assert.equal(await done, 'ended');
    await c.start();
  });

  it('keeps the restart policy when a checkpoint that ends the container fails', async () => {
    const running = await fake.running(['sleep'], { RestartPolicy: { Name: 'always' } });
    await assert.rejects(running.checkpoint({ name: 'cp', exit: true }));
    assert.equal(running.record.manuallyStopped, false);
    const first = running.inspect().State.StartedAt;
    await running.task?.kill(15);
    await running.wait('next-exit', WAIT);
    await fake.seen('die');
    assert.equal(running.inspect().State.Status, 'restarting');
    assert.ok(first !== '');
  });

  it('waits as long as a stop says, though it is more than a timer can', { timeout: 5_000 }, async () => {
    const c = await fake.running(['deaf']);
    const stopping = c.stop({ timeoutSeconds: 30 * 24 * 3600 });
    await fake.seen('kill');
    const late = new Promise<'still waiting'>((resolve) => setTimeout(resolve, 50, 'still waiting'));
    assert.equal(await Promise.race([stopping.then(() => 'killed'), late]), 'still waiting');
    await c.kill();
    await stopping;
  });

  it('goes on with the health checks of a paused container that a signal has woken', { timeout: 20_000 }, async () => {
    const { container: c } = await fake.engine.create({
      config: { Cmd: ['deaf'], Healthcheck: { Test: ['CMD', 'exit', '0'], Interval: 1_000_000 } },
      hostConfig: { NetworkMode: 'none' },
      rootfs: join(fake.folder, 'rootfs'),
    });
    await c.start();
    await c.pause();
    await c.kill('SIGTERM');
    assert.equal(c.inspect().State.Status, 'running');
    await fake.seen('unpause');
    // Not their number: the log keeps the last five.
    const lastProbe = () => c.inspect().State.Health?.Log.at(-1)?.Start;
    const before = lastProbe();
    while (lastProbe() === before) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('ends the wait for an exec that was never started with its container', { timeout: 5_000 }, async () => {
    const c = await fake.running(['sleep']);
    const exec = c.exec({ Cmd: ['sleep'] });
    await c.stop();
    await exec.wait(WAIT);
    await assert.rejects(exec.start(), { name: 'ConflictError' });
  });
});

describe('a container that is gone', () => {
  let fake: FakeEngine;
  beforeEach(async () => {
    fake = await FakeEngine.start();
  });
  afterEach(() => fake.stop());

  it('is not found by whoever still has it', { timeout: 5_000 }, async () => {
    const c = await fake.create(['exit', '3'], {}, 'gone');
    await c.remove();
    const notFound = { name: 'NotFoundError', message: `No such container: ${c.id}` };
    await assert.rejects(c.remove(), notFound);
    await assert.rejects(c.start(), notFound);
    await assert.rejects(c.update({ Memory: 64 * 1024 * 1024 }), notFound);
    await assert.rejects(c.rename('other'), notFound);
    await fake.create(['sleep'], {}, 'gone');
    await fake.create(['sleep'], {}, 'other');
  });

  it('still tells those who wait', { timeout: 5_000 }, async () => {
    const c = await fake.create(['exit', '3']);
    const ended = c.wait('next-exit');
    await c.start();
    await ended;
    await c.remove();
    for (const condition of ['next-exit', 'removed', 'not-running'] as const) {
      assert.equal((await c.wait(condition, WAIT)).exitCode, 3);
    }
  });
});

describe('a create that fails', () => {
  let fake: FakeEngine;
  beforeEach(async () => {
    fake = await FakeEngine.start();
  });
  afterEach(async () => {
    mock.restoreAll();
    await fake.stop();
  });

  const withVolume = (id?: string) => ({
    config: { Cmd: ['sleep'], Volumes: { '/data': {} } },
    hostConfig: { NetworkMode: 'none' },
    rootfs: join(fake.folder, 'rootfs'),
    id,
  });

  it('leaves the container alone that has the id', async () => {
    const { container } = await fake.engine.create({ ...withVolume('taken'), name: 'mine' });
    await assert.rejects(fake.engine.create(withVolume('taken')), { code: 'ERR_CONTAINER_EXISTS' });
    await assert.rejects(fake.engine.create({ ...withVolume('taken'), name: 'mine' }), {
      code: 'ERR_CONTAINER_EXISTS',
    });
    await assert.rejects(fake.engine.create({ ...withVolume('taken'), name: 'new' }), { code: 'ERR_CONTAINER_EXISTS' });
    assert.equal(fake.engine.container('mine').id, container.id);
    await assert.rejects(fake.engine.create({ ...withVolume(), name: 'mine' }), { code: 'ERR_CONTAINER_EXISTS' });
    const [mount] = container.record.mounts;
    assert.ok(mount?.source !== undefined && existsSync(mount.source));
    await container.remove({ volumes: true });
    assert.equal(existsSync(mount.source), false);
  });

  it('leaves neither name nor volume', async () => {
    let source = '';
    mock.method(RecordStore.prototype, 'create', async (record: { mounts: readonly { source?: string }[] }) => {
      source = record.mounts[0]?.source ?? '';
      throw new ResourceExhaustedError('no space left on device');
    });
    await assert.rejects(fake.engine.create({ ...withVolume(), name: 'none' }), { name: 'ResourceExhaustedError' });
    assert.notEqual(source, '');
    assert.equal(existsSync(source), false);
    mock.restoreAll();
    await fake.create(['sleep'], {}, 'none');
  });
});
