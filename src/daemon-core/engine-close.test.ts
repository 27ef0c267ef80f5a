import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { FakeEngine } from './testing/fake-engine.js';

describe('an engine that closes', () => {
  let fake: FakeEngine;
  beforeEach(async () => {
    fake = await FakeEngine.start();
  });
  afterEach(() => fake.stop());

  it('ends those who wait for a container or an exec', { timeout: 10_000 }, async () => {
    const c = await fake.running(['sleep']);
    const exec = c.exec({ Cmd: ['sleep'] });
    await exec.start();
    const waits = [c.wait('next-exit'), c.wait('removed'), c.wait('not-running'), exec.wait()];
    const ended = Promise.allSettled(waits);
    await fake.engine.close();
    for (const each of await ended) {
      assert.equal(each.status, 'rejected');
      assert.equal(each.reason.name, 'CanceledError');
    }
    await assert.rejects(c.wait('next-exit'), { name: 'CanceledError' });
  });

  it('gives up a stop under way, and the container goes on', { timeout: 10_000 }, async () => {
    const c = await fake.running(['deaf']);
    const stopping = c.stop({ timeoutSeconds: -1 });
    const refused = assert.rejects(stopping, { name: 'CanceledError' });
    await fake.seen('kill');
    await fake.engine.close();
    await refused;
    await fake.open();
    assert.equal(fake.engine.container(c.id).inspect().State.Status, 'running');
  });

  it('waits for a start under way', { timeout: 10_000 }, async () => {
    const c = await fake.create(['sleep']);
    const make = fake.client.newContainer.bind(fake.client);
    let goOn = () => {};
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const making = new Promise<void>((resolve) => {
      mock.method(fake.client, 'newContainer', async (...args: Parameters<typeof make>) => {
        resolve();
        await gate;
        return make(...args);
      });
    });
    const starting = c.start();
    await making;
    const closing = fake.engine.close();
    goOn();
    await starting;
    await closing;
    await fake.open();
    assert.equal(fake.engine.container(c.id).inspect().State.Status, 'running');
  });

  it('lets no start begin, nor takes it for a failed one', async () => {
    const c = await fake.create(['sleep'], { AutoRemove: true });
    await fake.engine.close();
    await assert.rejects(c.start(), { name: 'CanceledError' });
    await fake.open();
    const { Status, ExitCode, Error: error } = fake.engine.container(c.id).inspect().State;
    assert.deepEqual([Status, ExitCode, error], ['created', 0, '']);
  });

  it('writes nothing when it is closed', async () => {
    const c = await fake.create(['sleep'], {}, 'before');
    await fake.engine.close();
    await assert.rejects(c.rename('after'), { name: 'CanceledError' });
    await assert.rejects(fake.create(['sleep']), { name: 'CanceledError' });
    await fake.open();
    assert.deepEqual(
      fake.engine.list().map(({ name }) => name),
      ['before'],
    );
  });

  it('does not wait for a probe that hangs when it is destroyed', { timeout: 10_000 }, async () => {
    const { container: c } = await fake.engine.create({
      config: { Cmd: ['sleep'], Healthcheck: { Test: ['CMD', 'sleep'], Interval: 50_000_000 } },
      hostConfig: { NetworkMode: 'none' },
      rootfs: `${fake.folder}/rootfs`,
    });
    await c.start();
    const { task } = c;
    assert.ok(task !== undefined);
    const hung = new Promise<void>((resolve) => {
      mock.method(task, 'exec', () => {
        resolve();
        return new Promise<never>(() => {});
      });
    });
    await hung;
    const began = performance.now();
    await fake.engine.destroy();
    assert.ok(performance.now() - began < 2_000);
  });
});

describe('an engine that stops its containers when it closes', () => {
  it('does not take that for a stop by somebody', { timeout: 20_000 }, async () => {
    const fake = await FakeEngine.start({ liveRestore: false });
    try {
      const c = await fake.running(['sleep'], { RestartPolicy: { Name: 'unless-stopped' } });
      await fake.engine.close();
      await fake.open({ autoRestart: false });
      const { State } = fake.engine.container(c.id).inspect();
      assert.equal(State.Status, 'exited');
      assert.equal(fake.engine.container(c.id).record.manuallyStopped, false);
      await fake.reopen({ autoRestart: true });
      await fake.seen('start');
      assert.equal(fake.engine.container(c.id).inspect().State.Status, 'running');
    } finally {
      await fake.stop();
    }
  });
});
