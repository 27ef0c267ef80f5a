import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ContainerEvent } from './event.js';
import { EventDispatch } from './event-dispatch.js';

interface LoggedError {
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

function newDispatch(): { dispatch: EventDispatch; errors: LoggedError[] } {
  const errors: LoggedError[] = [];
  return { dispatch: new EventDispatch({ error: (fields, message) => errors.push({ fields, message }) }), errors };
}

let pid = 0;

/** Events differ by their pid. */
function event(containerId: string, origin: 'ours' | 'foreign' = 'ours'): ContainerEvent {
  const run = origin === 'ours' ? 1 : undefined;
  const timestamp = new Date(0);
  return { type: 'start', containerId, processId: containerId, pid: ++pid, timestamp, run, synthesized: false };
}

function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** Longer than any chain of promises between a publish and a handler. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  return process.memoryUsage().heapUsed;
}

describe('EventDispatch', () => {
  it('runs three events of one container strictly one after another', async () => {
    const { dispatch } = newDispatch();
    const steps: string[] = [];
    const gates = [gate(), gate(), gate()];
    let n = 0;
    dispatch.subscribe(async () => {
      const mine = n++;
      steps.push(`begin ${mine}`);
      await gates[mine]?.opened;
      steps.push(`end ${mine}`);
    });
    for (let k = 0; k < 3; k++) dispatch.publish(event('a'));
    await settled();
    assert.deepEqual(steps, ['begin 0']);
    // Opened out of turn, they still go in turn.
    gates[2]?.open();
    gates[1]?.open();
    await settled();
    assert.deepEqual(steps, ['begin 0']);
    gates[0]?.open();
    await settled();
    assert.deepEqual(steps, ['begin 0', 'end 0', 'begin 1', 'end 1', 'begin 2', 'end 2']);
  });

  it('runs events of different containers side by side', async () => {
    const { dispatch } = newDispatch();
    const blocked = gate();
    const seen: string[] = [];
    dispatch.subscribe(async ({ containerId }) => {
      if (containerId === 'slow') await blocked.opened;
      seen.push(containerId);
    });
    for (const id of ['slow', 'a', 'b', 'slow', 'a']) dispatch.publish(event(id));
    await settled();
    assert.deepEqual(seen, ['a', 'b', 'a']);
    blocked.open();
    await settled();
    assert.deepEqual(seen, ['a', 'b', 'a', 'slow', 'slow']);
  });

  it('keeps the order of one container over a pause in which its queue was idle', async () => {
    const { dispatch } = newDispatch();
    const seen: number[] = [];
    dispatch.subscribe(({ pid: each }) => {
      seen.push(each);
    });
    const published: number[] = [];
    for (let round = 0; round < 5; round++) {
      for (let k = 0; k < 3; k++) {
        const each = event('a');
        published.push(each.pid);
        dispatch.publish(each);
      }
      if (round % 2 === 0) await settled();
    }
    await settled();
    assert.deepEqual(seen, published);
  });

  it('orders an event that is published while the last handler is just ending', async () => {
    const { dispatch } = newDispatch();
    let running = 0;
    let count = 0;
    dispatch.subscribe(async () => {
      assert.equal(++running, 1);
      if (++count < 50) dispatch.publish(event('a'));
      await Promise.resolve();
      running--;
    });
    dispatch.publish(event('a'));
    await settled();
    await dispatch.close();
    assert.equal(count, 50);
  });

  it('keeps no queue of a container that has none waiting', async () => {
    const { dispatch } = newDispatch();
    let seen = 0;
    dispatch.subscribe(() => {
      seen++;
    });
    const before = heapBytes();
    for (let batch = 0; batch < 20; batch++) {
      for (let k = 0; k < 500; k++) dispatch.publish(event(`c${batch}-${k}`));
      await settled();
    }
    assert.equal(seen, 10_000);
    // Kept, 10 000 queues take some 10 MB.
    const kept = heapBytes() - before;
    dispatch.destroy();
    assert.ok(kept < 5_000_000, `${kept} bytes`);
  });

  it('logs what a handler throws or rejects with, and goes on', async () => {
    const { dispatch, errors } = newDispatch();
    const seen: string[] = [];
    dispatch.subscribe(({ containerId }) => {
      seen.push(containerId);
      if (seen.length === 1) throw new Error('thrown');
      if (seen.length === 2) return Promise.reject(new Error('rejected'));
      return undefined;
    });
    for (let k = 0; k < 3; k++) dispatch.publish(event('a'));
    await settled();
    assert.deepEqual(seen, ['a', 'a', 'a']);
    assert.equal(errors.length, 2);
    for (const [n, text] of ['thrown', 'rejected'].entries()) {
      const { err, ...fields } = errors[n]?.fields ?? {};
      assert.ok(err instanceof Error && err.message === text);
      assert.deepEqual(fields, { containerId: 'a', type: 'start' });
    }
  });

  it('gives events of strangers only to those who ask for them', async () => {
    const { dispatch } = newDispatch();
    const own: (number | undefined)[] = [];
    const all: (number | undefined)[] = [];
    dispatch.subscribe(({ run }) => void own.push(run));
    dispatch.subscribe(({ run }) => void all.push(run), { foreign: true });
    dispatch.publish(event('a', 'foreign'));
    dispatch.publish(event('a', 'ours'));
    await settled();
    assert.deepEqual(own, [1]);
    assert.deepEqual(all, [undefined, 1]);
  });

  it('drops what is queued when a subscription closes, and waits for the handler that runs', async () => {
    const { dispatch } = newDispatch();
    const running = gate();
    const seen: string[] = [];
    const subscription = dispatch.subscribe(async () => {
      seen.push('begin');
      await running.opened;
      seen.push('end');
    });
    dispatch.publish(event('a'));
    dispatch.publish(event('a'));
    await settled();
    let isClosed = false;
    const closing = subscription.close().then(() => {
      isClosed = true;
    });
    await settled();
    assert.equal(isClosed, false);
    running.open();
    await closing;
    await subscription.close();
    dispatch.publish(event('a'));
    await settled();
    assert.deepEqual(seen, ['begin', 'end']);
    assert.equal(dispatch.subscribers, 0);
  });

  it('delivers what is queued when it closes, and takes nothing more', async () => {
    const { dispatch } = newDispatch();
    const first = gate();
    let seen = 0;
    dispatch.subscribe(async () => {
      await first.opened;
      seen++;
    });
    for (let k = 0; k < 3; k++) dispatch.publish(event('a'));
    const closing = dispatch.close();
    dispatch.publish(event('a'));
    first.open();
    await closing;
    assert.equal(seen, 3);
    assert.throws(() => dispatch.subscribe(() => {}), { code: 'ERR_CLIENT_CLOSED' });
    await dispatch.close();
  });

  it('drops what is queued when it is destroyed', async () => {
    const { dispatch } = newDispatch();
    const first = gate();
    let seen = 0;
    dispatch.subscribe(async () => {
      await first.opened;
      seen++;
    });
    for (let k = 0; k < 3; k++) dispatch.publish(event('a'));
    await settled();
    dispatch.destroy();
    first.open();
    await settled();
    assert.equal(seen, 1);
  });
});

describe('EventDispatch.events', () => {
  it('yields events in order and ends when the dispatch closes, after what is queued', async () => {
    const { dispatch } = newDispatch();
    const iterator = dispatch.events();
    const first = iterator.next();
    const published = [event('a'), event('b'), event('a')];
    for (const each of published) dispatch.publish(each);
    await dispatch.close();
    const seen = [(await first).value];
    for await (const each of iterator) seen.push(each);
    assert.deepEqual(seen, published);
    assert.equal(dispatch.subscribers, 0);
  });

  it('throws CanceledError when its signal fires, and is subscribed no longer', async () => {
    const { dispatch } = newDispatch();
    const controller = new AbortController();
    const next = dispatch.events({ signal: controller.signal }).next();
    await settled();
    assert.equal(dispatch.subscribers, 1);
    controller.abort(new Error('enough'));
    await assert.rejects(next, { name: 'CanceledError', code: 'ERR_CANCELED' });
    assert.equal(dispatch.subscribers, 0);
  });

  it('is subscribed no longer when its reader leaves the loop', async () => {
    const { dispatch } = newDispatch();
    const reading = (async () => {
      for await (const _ of dispatch.events()) break;
    })();
    await settled();
    dispatch.publish(event('a'));
    await reading;
    assert.equal(dispatch.subscribers, 0);
  });

  it('misses nothing from the moment it is made', async () => {
    const { dispatch } = newDispatch();
    const iterator = dispatch.events();
    const published = event('a');
    dispatch.publish(published);
    const next = iterator.next();
    await settled();
    dispatch.destroy();
    assert.deepEqual((await next).value, published);
  });

  it('fails rather than skip events when its reader falls far behind', async () => {
    const { dispatch } = newDispatch();
    const iterator = dispatch.events();
    const first = iterator.next();
    for (let k = 0; k < 70_000; k++) dispatch.publish(event('a'));
    await first;
    await assert.rejects(
      async () => {
        for (;;) await iterator.next();
      },
      { name: 'ResourceExhaustedError' },
    );
  });

  it('tells of a gap those who asked, until they leave', async () => {
    const { dispatch, errors } = newDispatch();
    const told: string[] = [];
    dispatch.subscribe(() => {});
    const first = dispatch.subscribe(() => {}, {
      onGap: () => {
        told.push('first');
        throw new Error('first fails');
      },
    });
    dispatch.subscribe(() => {}, { onGap: () => told.push('second') });
    dispatch.gap();
    await first.close();
    dispatch.gap();
    await dispatch.close();
    dispatch.gap();
    assert.deepEqual(told, ['first', 'second', 'second']);
    assert.equal(errors.length, 1);
  });
});
