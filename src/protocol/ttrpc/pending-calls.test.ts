import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EngineError, UnavailableError } from '../../errdefs/index.js';
import { PendingCalls } from './pending-calls.js';

const forEver = { signal: undefined, timeoutMs: Number.POSITIVE_INFINITY };
const answer = { failure: undefined, payload: new Uint8Array() };

function outcome() {
  const seen: (string | EngineError)[] = [];
  return { seen, what: 'call', answer: () => seen.push('answer'), fail: (err: EngineError) => seen.push(err) };
}

describe('PendingCalls', { timeout: 20_000 }, () => {
  it('gives odd ids that rise, until there are none', () => {
    const calls = new PendingCalls(0xffff_fffd);
    assert.ok(calls.hasIds);
    assert.equal(calls.open(outcome(), forEver), 0xffff_fffd);
    assert.ok(calls.hasIds);
    assert.equal(calls.open(outcome(), forEver), 0xffff_ffff);
    assert.equal(calls.hasIds, false);
    const fresh = new PendingCalls();
    assert.deepEqual(
      [1, 2, 3].map(() => fresh.open(outcome(), forEver)),
      [1, 3, 5],
    );
    assert.deepEqual(
      [0, 1, 2, 5, 7].map((id) => fresh.knew(id)),
      [false, true, false, true, false],
    );
  });

  it('tells each call one thing, and keeps no entry, timer or listener', () => {
    const timers = process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
    const calls = new PendingCalls();
    const controller = new AbortController();
    const first = outcome();
    const second = outcome();
    calls.open(first, { signal: controller.signal, timeoutMs: 60_000 });
    calls.open(second, { signal: controller.signal, timeoutMs: 60_000 });
    assert.equal(calls.answer(1, answer), true);
    assert.equal(calls.answer(1, answer), false);
    controller.abort();
    calls.failAll(() => new UnavailableError('gone'));
    assert.deepEqual(first.seen, ['answer']);
    assert.deepEqual(second.seen.map(String), ['CanceledError: call: the caller cancelled']);
    assert.equal(calls.size, 0);
    assert.equal(process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length, timers);
  });

  it('lets an outcome open another call while all fail', () => {
    const calls = new PendingCalls();
    const late = outcome();
    calls.open({ ...outcome(), fail: () => calls.open(late, forEver) }, forEver);
    calls.failAll(() => new UnavailableError('gone'));
    assert.deepEqual(late.seen, []);
    assert.equal(calls.size, 1);
  });
});
