import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { afterEach, describe, it, mock } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  CanceledError,
  DeadlineExceededError,
  InvalidArgumentError,
  NotFoundError,
  UnavailableError,
} from '../../errdefs/index.js';
import { type ContainerStats, ZERO_TIME } from '../../stats/container-stats.js';
import type { EngineContainer } from '../engine-container.js';
import { TICK_MS } from '../stats/stats-sampler.js';
import { FakeEngine } from '../testing/fake-engine.js';
import type { StatsOptions } from './stats.js';

const SLEEP = ['sleep'];
const isEmpty = (stats: ContainerStats) => stats.read === ZERO_TIME;

describe('the statistics of a container', () => {
  let fake: FakeEngine;
  afterEach(async () => {
    mock.timers.reset();
    await fake.stop();
  });

  async function open(): Promise<void> {
    fake = await FakeEngine.start();
  }

  const sampled = () => fake.host.calls().get('Tasks/Metrics') ?? 0;
  const stopClock = () => mock.timers.enable({ apis: ['setTimeout'] });

  function streamOf(c: EngineContainer, options?: StatsOptions, signal?: AbortSignal): AsyncIterator<ContainerStats> {
    return c.stats(options, { signal })[Symbol.asyncIterator]();
  }

  /** Lets a second pass, and gives what each stream gets of the round that then comes. */
  async function round(...streams: AsyncIterator<ContainerStats>[]): Promise<ContainerStats[]> {
    const pending = streams.map((stream) => stream.next());
    // The round before sets its timer first.
    await nextTurn();
    mock.timers.tick(TICK_MS);
    return (await Promise.all(pending)).map(({ value }) => value);
  }

  async function one(stream: AsyncIterator<ContainerStats>): Promise<ContainerStats> {
    const [stats] = await round(stream);
    assert.ok(stats !== undefined, 'a sample');
    return stats;
  }

  it('streams from a first sample without one before it', async () => {
    await open();
    const c = await fake.running(SLEEP, {}, 'web');
    stopClock();
    const stream = streamOf(c);
    const [first, second, third] = [await one(stream), await one(stream), await one(stream)];
    assert.deepEqual([first.id, first.name, first.preread], [c.id, '/web', ZERO_TIME]);
    assert.equal(isEmpty(first), false);
    assert.deepEqual([second.preread, third.preread], [first.read, second.read]);
    assert.deepEqual(second.precpu_stats, first.cpu_stats);
    assert.equal(sampled(), 3);
    await stream.return?.();
  });

  it('gives two that listen the same objects, but who joins later no sample before its first', async () => {
    await open();
    const c = await fake.running(SLEEP);
    stopClock();
    const early = streamOf(c);
    const before = await one(early);
    const late = streamOf(c);
    const [shared, first] = await round(early, late);
    assert.ok(shared !== undefined && first !== undefined);
    assert.deepEqual([shared.preread, first.preread], [before.read, ZERO_TIME]);
    assert.deepEqual({ ...first, preread: shared.preread, precpu_stats: shared.precpu_stats }, shared);
    const [mine, theirs] = await round(early, late);
    assert.equal(mine, theirs);
    assert.equal(sampled(), 3);
    await early.return?.();
    await late.return?.();
  });

  it('gives a reader that is slow the newest sample', async () => {
    await open();
    const c = await fake.running(SLEEP);
    stopClock();
    const [slow, quick] = [streamOf(c), streamOf(c)];
    let newest = await one(quick);
    for (let tick = 0; tick < 5; tick++) newest = await one(quick);
    assert.equal((await slow.next()).value, newest);
    await slow.return?.();
    await quick.return?.();
  });

  it('gives one sample with one before it, and ends', async () => {
    await open();
    const c = await fake.running(SLEEP);
    stopClock();
    const stream = streamOf(c, { stream: false });
    const pending = stream.next();
    while (sampled() < 2) {
      await nextTurn();
      mock.timers.tick(TICK_MS);
    }
    const { value } = await pending;
    assert.equal(isEmpty(value), false);
    assert.notEqual(value.preread, ZERO_TIME);
    assert.equal((await stream.next()).done, true);
    await nextTurn();
    mock.timers.tick(TICK_MS);
    assert.equal(sampled(), 2);
  });

  it('gives one at once for a one-shot', async () => {
    await open();
    const c = await fake.running(SLEEP);
    const [stats, ...more] = await allOf(c.stats({ stream: false, oneShot: true }));
    assert.ok(stats !== undefined);
    assert.deepEqual([more.length, isEmpty(stats), stats.preread, sampled()], [0, false, ZERO_TIME, 1]);
    assert.ok((stats.cpu_stats.system_cpu_usage ?? 0n) > 0n);
  });

  it('refuses a stream that is one-shot, as dockerd', async () => {
    await open();
    const c = await fake.running(SLEEP);
    for (const options of [{ oneShot: true }, { stream: true, oneShot: true }]) {
      assert.throws(() => c.stats(options), InvalidArgumentError);
    }
    assert.equal(sampled(), 0);
  });

  it('samples what is paused', async () => {
    await open();
    const c = await fake.running(SLEEP);
    await c.pause();
    const [stats] = await allOf(c.stats({ stream: false, oneShot: true }));
    assert.ok(stats !== undefined);
    stopClock();
    const stream = streamOf(c);
    assert.deepEqual([isEmpty(stats), isEmpty(await one(stream))], [false, false]);
    await stream.return?.();
  });

  it('gives one empty sample at once of what does not run', async () => {
    await open();
    const created = await fake.create(SLEEP, {}, 'idle');
    const restarting = await fake.running(['exit', '1'], { RestartPolicy: { Name: 'always' } });
    await fake.seen('die');
    for (const c of [created, restarting]) {
      for (const oneShot of [false, true]) {
        const [stats, ...more] = await allOf(c.stats({ stream: false, oneShot }));
        assert.ok(stats !== undefined);
        assert.deepEqual([more.length, stats.id, isEmpty(stats)], [0, c.id, true]);
      }
    }
    assert.equal(sampled(), 0);
  });

  it('goes on with empty samples over a stop, and begins anew with the next run', async () => {
    await open();
    const c = await fake.create(SLEEP);
    stopClock();
    const stream = streamOf(c);
    assert.equal(isEmpty(await one(stream)), true);
    for (let run = 1; run <= 2; run++) {
      await c.start();
      const [first, second] = [await one(stream), await one(stream)];
      assert.deepEqual([isEmpty(first), first.preread, second.preread], [false, ZERO_TIME, first.read]);
      const ended = c.wait('not-running');
      await c.kill();
      await ended;
      const calls = sampled();
      assert.equal(isEmpty(await one(stream)), true);
      assert.equal(sampled(), calls, 'nothing runs, nobody is asked');
    }
    await stream.return?.();
  });

  it('has no sample before the first of a run, however quick a restart is', async () => {
    await open();
    const c = await fake.running(SLEEP);
    stopClock();
    const stream = streamOf(c);
    await one(stream);
    const ended = c.wait('not-running');
    await c.kill();
    await ended;
    await c.start();
    const first = await one(stream);
    assert.deepEqual([isEmpty(first), first.preread], [false, ZERO_TIME]);
    await stream.return?.();
  });

  it('ends with the removal, and is refused after it', async () => {
    await open();
    const c = await fake.running(SLEEP);
    stopClock();
    const stream = streamOf(c);
    const kept = c.stats();
    await one(stream);
    const pending = stream.next();
    await c.remove({ force: true });
    assert.equal((await pending).done, true);
    assert.throws(() => c.stats(), NotFoundError);
    assert.deepEqual(await allOf(kept), []);
  });

  it('ends with the engine', async () => {
    await open();
    const c = await fake.running(SLEEP);
    stopClock();
    const stream = streamOf(c);
    await one(stream);
    const pending = stream.next();
    await fake.engine.close();
    assert.equal((await pending).done, true);
    assert.deepEqual(await allOf(c.stats()), []);
  });

  it('does nothing before somebody reads, nor after', async () => {
    await open();
    const c = await fake.running(SLEEP);
    stopClock();
    c.stats();
    await nextTurn();
    mock.timers.tick(TICK_MS);
    assert.equal(sampled(), 0);
    const controller = new AbortController();
    const { signal } = controller;
    const [returned, aborted] = [streamOf(c), streamOf(c, {}, signal)];
    await round(returned, aborted);
    const cut = aborted.next();
    controller.abort();
    await assert.rejects(cut, CanceledError);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    await one(returned);
    const waiting = returned.next();
    await returned.return?.();
    assert.equal((await waiting).done, true);
    for (let tick = 0; tick < 3; tick++) {
      await nextTurn();
      mock.timers.tick(TICK_MS);
    }
    assert.equal(sampled(), 2);
  });

  it('ends when its time is up', async () => {
    await open();
    const c = await fake.running(SLEEP);
    stopClock();
    const stream = c.stats({}, { timeoutMs: 5 * TICK_MS })[Symbol.asyncIterator]();
    for (let tick = 0; tick < 4; tick++) await one(stream);
    await nextTurn();
    const late = stream.next();
    mock.timers.tick(TICK_MS);
    await assert.rejects(late, DeadlineExceededError);
    const signal = AbortSignal.abort();
    await assert.rejects(streamOf(c, { stream: false, oneShot: true }, signal).next(), CanceledError);
    assert.equal(sampled(), 4);
  });

  it('says what a one-shot failed with, and gives an empty sample of what has just ended', async () => {
    await open();
    const c = await fake.running(SLEEP);
    const once = () => allOf(c.stats({ stream: false, oneShot: true }));
    fake.host.failNext('Tasks/Metrics', new UnavailableError('containerd is away'));
    await assert.rejects(once(), UnavailableError);
    fake.host.failNext('Tasks/Metrics', new NotFoundError('it has no metrics now'));
    const [stats] = await once();
    assert.ok(stats !== undefined && isEmpty(stats));
  });
});

async function allOf(stream: AsyncIterable<ContainerStats>): Promise<ContainerStats[]> {
  const all: ContainerStats[] = [];
  for await (const stats of stream) all.push(stats);
  return all;
}
