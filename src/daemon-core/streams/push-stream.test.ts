import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { CanceledError, DeadlineExceededError, ResourceExhaustedError } from '../../errdefs/index.js';
import { PushStream, type PushStreamOptions } from './push-stream.js';

interface Value {
  readonly n: number;
}

const streamOf = (options: Partial<PushStreamOptions> = {}) =>
  new PushStream<Value>({ what: 'read values', max: 2, whenFull: 'drop-oldest', ...options });

const over = { done: true, value: undefined };
const given = (n: number) => ({ done: false, value: { n } });

describe('PushStream', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  it('gives each waiting reader one value, in the order of asking', async () => {
    const stream = streamOf();
    const both = Promise.all([stream.next(), stream.next()]);
    stream.push({ n: 1 });
    stream.push({ n: 2 });
    assert.deepEqual(await both, [given(1), given(2)]);
  });

  it('keeps the newest for a reader that is slow', async () => {
    const stream = streamOf();
    for (let n = 1; n <= 1_000; n++) stream.push({ n });
    stream.end();
    assert.deepEqual([await stream.next(), await stream.next()], [given(999), given(1_000)]);
    assert.deepEqual(await stream.next(), over);
  });

  it('fails for a reader that is slow where nothing may be missed', async () => {
    const stream = streamOf({ whenFull: 'fail' });
    for (let n = 1; n <= 3; n++) stream.push({ n });
    assert.ok(stream.isOver);
    await assert.rejects(stream.next(), ResourceExhaustedError);
    assert.deepEqual(await stream.next(), over);
  });

  it('ends at the signal, and listens no more once it is over', async () => {
    const controller = new AbortController();
    const stream = streamOf({ signal: controller.signal });
    const waiting = stream.next();
    controller.abort();
    await assert.rejects(waiting, CanceledError);
    const other = new AbortController();
    const left = streamOf({ signal: other.signal });
    await left.return();
    assert.equal(getEventListeners(other.signal, 'abort').length, 0);
    await assert.rejects(streamOf({ signal: controller.signal }).next(), CanceledError);
  });

  it('fails when its time is up, and leaves no timer when it is over before', async () => {
    let ends = 0;
    const late = streamOf({ timeoutMs: 50 });
    const early = streamOf({ timeoutMs: 50 });
    for (const stream of [late, early]) stream.onEnd(() => ends++);
    const waiting = late.next();
    early.end();
    mock.timers.tick(50);
    await assert.rejects(waiting, DeadlineExceededError);
    assert.deepEqual(await early.next(), over);
    assert.equal(ends, 2);
  });

  it('tells of its end once, and late comers at once', async () => {
    const stream = streamOf();
    let ends = 0;
    stream.onEnd(() => ends++);
    stream.end();
    stream.fail(new Error('late'));
    await stream.return();
    stream.push({ n: 1 });
    assert.equal(ends, 1);
    stream.onEnd(() => ends++);
    assert.equal(ends, 2);
    assert.deepEqual(await stream.next(), over);
  });
});
