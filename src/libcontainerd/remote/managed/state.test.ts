import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UnavailableError } from '../../../errdefs/index.js';
import { Backoff } from './backoff.js';
import { type ManagedState, type StateEvent, transition } from './state.js';

const error = new UnavailableError('start containerd: no');
const STATES: readonly ManagedState[] = [
  { kind: 'stopped' },
  { kind: 'starting' },
  { kind: 'running', pid: 1, adopted: false },
  { kind: 'restarting', attempt: 1, delayMs: 100, reason: 'x' },
  { kind: 'stopping' },
  { kind: 'failed', error },
];
const EVENTS: readonly StateEvent[] = [
  { kind: 'start' },
  { kind: 'ready', pid: 7, adopted: true },
  { kind: 'lost', attempt: 2, delayMs: 200, reason: 'y' },
  { kind: 'fail', error },
  { kind: 'stop' },
  { kind: 'ended' },
];

describe('transition', () => {
  it('allows these and nothing else', () => {
    const allowed: string[] = [];
    for (const state of STATES) {
      for (const event of EVENTS) {
        try {
          allowed.push(`${state.kind} ${event.kind} ${transition(state, event).kind}`);
        } catch (err) {
          assert.ok(err instanceof Error && 'code' in err && err.code === 'ERR_TRANSITION');
        }
      }
    }
    assert.deepEqual(allowed, [
      'stopped start starting',
      'starting ready running',
      'starting fail failed',
      'starting stop stopping',
      'running lost restarting',
      'running stop stopping',
      'restarting ready running',
      'restarting lost restarting',
      'restarting stop stopping',
      'stopping ended stopped',
      'failed start starting',
    ]);
  });

  it('carries what the event says', () => {
    assert.deepEqual(transition({ kind: 'starting' }, { kind: 'ready', pid: 7, adopted: true }), {
      kind: 'running',
      pid: 7,
      adopted: true,
    });
  });
});

describe('Backoff', () => {
  it('doubles up to its limit and starts anew after a healthy run', () => {
    const backoff = new Backoff({ minMs: 100, maxMs: 5_000, resetAfterMs: 10_000 });
    const delays = Array.from({ length: 8 }, () => backoff.next().delayMs);
    assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    backoff.ran(9_999);
    assert.deepEqual(backoff.next(), { attempt: 9, delayMs: 5000 });
    backoff.ran(10_000);
    assert.deepEqual(backoff.next(), { attempt: 1, delayMs: 100 });
  });
});
