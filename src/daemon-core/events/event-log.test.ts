import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import fc from 'fast-check';
import {
  CanceledError,
  DeadlineExceededError,
  InvalidArgumentError,
  ResourceExhaustedError,
} from '../../errdefs/index.js';
import { Filters } from '../filters.js';
import { containerAttributes } from './container-attributes.js';
import { type EngineEvent, eventJson } from './engine-event.js';
import { EVENTS_KEPT, EventLog } from './event-log.js';
import { EVENTS_WAITING_MAX } from './event-stream.js';

const START_MS = Date.parse('2024-05-01T12:00:00Z');

function publish(log: EventLog, action: string): EngineEvent {
  return log.publish('container', action, 'c1', { name: 'web' });
}

async function actions(stream: AsyncIterable<EngineEvent>): Promise<string[]> {
  const read: string[] = [];
  for await (const event of stream) read.push(event.Action);
  return read;
}

/** What has come so far, for a stream that goes on. */
async function take(stream: AsyncIterator<EngineEvent>, count: number): Promise<string[]> {
  const read: string[] = [];
  while (read.length < count) {
    const { value, done } = await stream.next();
    if (done === true) break;
    read.push(value.Action);
  }
  return read;
}

const idle = async (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => 'settled'), new Promise((resolve) => setImmediate(resolve, 'waits'))]);

describe('EventLog', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START_MS }));
  afterEach(() => mock.timers.reset());

  it("makes events in Docker's shape", () => {
    const log = new EventLog();
    const labels = { tier: 'front', name: 'label of this name' };
    const record = { name: 'web', config: { Image: 'alpine:3', Labels: labels } };
    const event = log.publish('container', 'start', 'c1', containerAttributes(record));
    assert.equal(
      eventJson(event),
      '{"status":"start","id":"c1","from":"alpine:3","Type":"container","Action":"start",' +
        '"Actor":{"ID":"c1","Attributes":{"tier":"front","name":"web","image":"alpine:3"}},' +
        '"scope":"local","time":1714564800,"timeNano":1714564800000000000}',
    );
    const volume = log.publish('volume', 'mount', 'data', { driver: 'local' });
    assert.equal(
      eventJson(volume),
      '{"Type":"volume","Action":"mount","Actor":{"ID":"data","Attributes":{"driver":"local"}},' +
        '"scope":"local","time":1714564800,"timeNano":1714564800000000001}',
    );
  });

  it('leaves out an image that there is not', () => {
    assert.deepEqual(containerAttributes({ name: 'web', config: {} }), { name: 'web' });
    assert.deepEqual(containerAttributes({ name: 'web', config: { Image: '' } }), { name: 'web' });
    assert.equal('from' in publish(new EventLog(), 'start'), false);
  });

  it('gives each event a later time, also when the clock is set back', () => {
    const log = new EventLog();
    const first = publish(log, 'a').timeNano;
    assert.equal(publish(log, 'b').timeNano, first + 1n);
    mock.timers.setTime(START_MS + 5);
    assert.equal(publish(log, 'c').timeNano, first + 5_000_000n);
    mock.timers.setTime(START_MS - 1_000);
    assert.equal(publish(log, 'd').timeNano, first + 5_000_001n);
  });

  it('gives only what happens from now on, unless it is asked for more', async () => {
    const log = new EventLog();
    publish(log, 'before');
    const stream = log.stream();
    publish(log, 'one');
    publish(log, 'two');
    assert.deepEqual(await take(stream, 2), ['one', 'two']);
    const next = stream.next();
    assert.equal(await idle(next), 'waits');
    publish(log, 'three');
    assert.equal((await next).value?.Action, 'three');
    log.close();
    assert.deepEqual(await take(stream, 1), []);
    assert.equal(log.subscribers, 0);
  });

  it('keeps a thousand, and gives those of the time asked for', async () => {
    const log = new EventLog();
    for (let i = 0; i < EVENTS_KEPT + 10; i++) publish(log, `e${i}`);
    const first = publish(log, 'first').timeNano;
    publish(log, 'second');
    const third = publish(log, 'third').timeNano;
    publish(log, 'fourth');
    mock.timers.setTime(START_MS + 10);
    assert.deepEqual(await actions(log.stream({ since: first, until: third })), ['first', 'second', 'third']);
    const all = await actions(log.stream({ until: new Date(START_MS + 5) }));
    assert.equal(all.length, EVENTS_KEPT);
    assert.deepEqual([all[0], all.at(-1)], ['e14', 'fourth']);
    assert.equal(log.subscribers, 0);
  });

  it('takes a Date for the whole of its millisecond', async () => {
    const log = new EventLog();
    publish(log, 'first');
    publish(log, 'second of this millisecond');
    const now = new Date(START_MS);
    assert.deepEqual(await actions(log.stream({ since: now, until: now })), ['first', 'second of this millisecond']);
    assert.equal(log.subscribers, 0);
  });

  it('ends at its time', async () => {
    const log = new EventLog();
    const stream = log.stream({ until: new Date(START_MS + 3_000) });
    const read = actions(stream);
    publish(log, 'early');
    mock.timers.tick(2_999);
    publish(log, 'in time');
    assert.equal(await idle(read), 'waits');
    mock.timers.tick(1);
    publish(log, 'late');
    assert.deepEqual(await read, ['early', 'in time']);
    assert.equal(log.subscribers, 0);
  });

  it('ends at a time that no timer reaches at once', async () => {
    const log = new EventLog();
    const read = actions(log.stream({ until: '-2160h' }));
    for (let day = 1; day < 90; day++) mock.timers.tick(86_400_000);
    publish(log, 'day 89');
    assert.equal(await idle(read), 'waits');
    mock.timers.tick(86_400_000);
    assert.deepEqual(await read, ['day 89']);
  });

  it('filters what is kept and what comes', async () => {
    const log = new EventLog();
    const filters = Filters.of({ event: ['die'] });
    publish(log, 'start');
    publish(log, 'die');
    const stream = log.stream({ since: 0, filters });
    publish(log, 'start');
    publish(log, 'die');
    log.close();
    assert.deepEqual(await actions(stream), ['die', 'die']);
  });

  it('ends by the signal, with its reason, and at once', async () => {
    const log = new EventLog();
    const abort = new AbortController();
    const waiting = log.stream({ signal: abort.signal });
    const next = waiting.next();
    const unread = log.stream({ signal: abort.signal });
    publish(log, 'one');
    assert.equal((await next).value?.Action, 'one');
    const second = waiting.next();
    abort.abort();
    await assert.rejects(second, CanceledError);
    await assert.rejects(unread.next(), CanceledError);
    assert.deepEqual(await unread.next(), { done: true, value: undefined });
    assert.equal(log.subscribers, 0);
    await assert.rejects(log.stream({ signal: abort.signal }).next(), CanceledError);
    const late = AbortSignal.abort(new DOMException('', 'TimeoutError'));
    await assert.rejects(log.stream({ signal: late }).next(), DeadlineExceededError);
  });

  it('lets go of a reader that leaves its loop', async () => {
    const log = new EventLog();
    const stream = log.stream();
    publish(log, 'one');
    for await (const event of stream) {
      assert.equal(event.Action, 'one');
      break;
    }
    assert.equal(log.subscribers, 0);
    publish(log, 'two');
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  });

  it('drops a reader that does not read, and no other', async () => {
    const log = new EventLog();
    const slow = log.stream();
    const quick = log.stream();
    for (let i = 0; i <= EVENTS_WAITING_MAX; i++) {
      publish(log, 'e');
      await quick.next();
    }
    await assert.rejects(slow.next(), ResourceExhaustedError);
    assert.deepEqual(await slow.next(), { done: true, value: undefined });
    assert.equal(log.subscribers, 1);
    log.close();
  });

  it('refuses times that make no sense', () => {
    const log = new EventLog();
    assert.throws(
      () => log.stream({ since: 'soon' }),
      (err: unknown) => {
        return err instanceof InvalidArgumentError && err.message === "invalid value for 'since'";
      },
    );
    assert.throws(() => log.stream({ since: 2, until: 1 }), InvalidArgumentError);
    assert.equal(log.subscribers, 0);
  });

  it('gives each event once and in order, wherever a reader begins', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 }), async (before, after) => {
        const log = new EventLog();
        for (let i = 0; i < before; i++) publish(log, `${i}`);
        const stream = log.stream({ since: 0 });
        for (let i = 0; i < after; i++) publish(log, `${before + i}`);
        log.close();
        const expected = Array.from({ length: before + after }, (_, i) => `${i}`);
        assert.deepEqual(await actions(stream), expected);
      }),
      { numRuns: 50 },
    );
  });
});
