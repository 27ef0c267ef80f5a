import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it, mock } from 'node:test';
import { CONTAINER_STARTS, type ContainerStartObservation } from '../telemetry/observations.js';
import { hear } from '../telemetry/testing/hear.js';
import { FakeEngine } from './testing/fake-engine.js';

const NONE = { created: 0, running: 0, paused: 0, restarting: 0, removing: 0, exited: 0, dead: 0 };

describe('the telemetry of an engine', () => {
  let fake: FakeEngine;
  beforeEach(async () => {
    fake = await FakeEngine.start({ concurrency: 1 });
  });
  afterEach(() => fake.stop());

  it('has every status, also when there is no container', () => {
    assert.deepEqual(fake.engine.telemetry(), {
      containers: NONE,
      execsRunning: 0,
      events: [],
      eventSubscribers: 0,
      starts: { waiting: 0, underWay: 0 },
    });
  });

  it('counts containers by status', async () => {
    await fake.create(['sleep']);
    await fake.running(['sleep']);
    const paused = await fake.running(['sleep']);
    await paused.pause();
    const ended = await fake.create(['exit', '0']);
    const end = ended.wait('next-exit');
    await ended.start();
    await end;
    assert.deepEqual(fake.engine.telemetry().containers, { ...NONE, created: 1, running: 1, paused: 1, exited: 1 });
  });

  it('counts execs from their start to their end', async () => {
    const c = await fake.running(['sleep']);
    const exec = c.exec({ Cmd: ['sleep'] });
    assert.equal(fake.engine.telemetry().execsRunning, 0);
    await exec.start();
    assert.equal(fake.engine.telemetry().execsRunning, 1);
    const ended = exec.wait();
    await c.kill();
    await ended;
    assert.equal(fake.engine.telemetry().execsRunning, 0);
  });

  it('counts events by type and action, without the command lines in them', async () => {
    const c = await fake.running(['sleep']);
    for (const command of ['one', 'two']) c.exec({ Cmd: [command] });
    const counts = fake.engine.telemetry().events.map(({ type, action, count }) => `${type} ${action} ${count}`);
    assert.deepEqual(counts, ['container create 1', 'container start 1', 'container exec_create 2']);
  });

  it('counts the streams of events that are open', async () => {
    const signal = new AbortController();
    const [one, two] = [fake.engine.events({ signal: signal.signal }), fake.engine.events()];
    assert.equal(fake.engine.telemetry().eventSubscribers, 2);
    signal.abort();
    await two[Symbol.asyncIterator]().return?.();
    assert.equal(fake.engine.telemetry().eventSubscribers, 0);
    await assert.rejects(one[Symbol.asyncIterator]().next(), { name: 'CanceledError' });
  });

  it('tells starts that are under way from those that wait', async () => {
    const [one, two] = [await fake.create(['sleep']), await fake.create(['sleep'])];
    const gate = holdStarts(fake);
    const starting = [one.start(), two.start()];
    await gate.reached;
    assert.deepEqual(fake.engine.telemetry().starts, { waiting: 1, underWay: 1 });
    gate.open();
    await Promise.all(starting);
    assert.deepEqual(fake.engine.telemetry().starts, { waiting: 0, underWay: 0 });
  });
});

describe('the observation of starts', () => {
  let fake: FakeEngine;
  let heard: ContainerStartObservation[];
  let stop: () => void;
  before(async () => {
    fake = await FakeEngine.start();
  });
  after(() => fake.stop());
  beforeEach(() => {
    ({ heard, stop } = hear(CONTAINER_STARTS));
  });
  afterEach(() => stop());

  it('comes with a start that succeeds, and names the engine', async () => {
    await fake.running(['sleep']);
    assert.deepEqual(
      heard.map(({ engineId, outcome }) => ({ engineId, outcome })),
      [{ engineId: fake.engine.id, outcome: 'ok' }],
    );
    assert.ok((heard[0]?.durationMs ?? 0) > 0);
  });

  it('comes with the class of the error', async () => {
    const c = await fake.create(['/no/such/program']);
    await assert.rejects(c.start());
    assert.deepEqual(
      heard.map(({ outcome }) => outcome),
      ['invalid-argument'],
    );
  });

  it('comes with a restart by hand', async () => {
    const c = await fake.running(['sleep']);
    heard.length = 0;
    await c.restart({ timeoutSeconds: 0 });
    assert.equal(heard.length, 1);
  });

  it('does not come with what is refused: it was no start', async () => {
    const c = await fake.running(['sleep']);
    heard.length = 0;
    await assert.rejects(c.start(), { name: 'NotModifiedError' });
    assert.deepEqual(heard, []);
  });

  it('counts the time in which a start waits for its turn', async (t) => {
    const slow = await FakeEngine.start({ concurrency: 1 });
    t.after(() => slow.stop());
    const [one, two] = [await slow.create(['sleep']), await slow.create(['sleep'])];
    const gate = holdStarts(slow);
    const starting = [one.start(), two.start()];
    await gate.reached;
    const now = performance.now.bind(performance);
    t.mock.method(performance, 'now', () => now() + 5_000);
    gate.open();
    await Promise.all(starting);
    assert.deepEqual(
      heard.map(({ durationMs }) => durationMs >= 5_000),
      [true, true],
    );
  });
});

/** Starts get no further than the backend until `open`. */
function holdStarts(fake: FakeEngine): { reached: Promise<void>; open: () => void } {
  const make = fake.client.newContainer.bind(fake.client);
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    mock.method(fake.client, 'newContainer', async (...args: Parameters<typeof make>) => {
      resolve();
      await opened;
      return make(...args);
    });
  });
  return { reached, open };
}
