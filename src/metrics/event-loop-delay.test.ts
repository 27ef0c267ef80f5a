import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { EventLoopDelay } from './event-loop-delay.js';

const TICK_MS = 20;

/** Time stands still but for `pass`; the timer fires `lateMs` after it should. */
function open(t: TestContext) {
  let now = 1_000;
  t.mock.timers.enable({ apis: ['setInterval'] });
  t.mock.method(performance, 'now', () => now);
  const delay = new EventLoopDelay();
  t.after(() => delay.close());
  const pass = (lateMs = 0) => {
    now += TICK_MS + lateMs;
    t.mock.timers.tick(TICK_MS);
  };
  return { delay, pass, leap: (ms: number) => (now += ms) };
}

describe('EventLoopDelay', () => {
  it('has nothing at the first reading, which begins it', (t) => {
    const { delay, pass } = open(t);
    pass(100);
    assert.equal(delay.read(), undefined);
    pass(100);
    assert.ok((delay.read()?.max ?? 0) > 0.099);
  });

  it('tells how late timers were since the last reading, in seconds', (t) => {
    const { delay, pass } = open(t);
    delay.read();
    for (let i = 0; i < 98; i++) pass(2);
    pass(50);
    pass(200);
    const { p50 = 0, p99 = 0, max = 0 } = delay.read() ?? {};
    for (const [actual, expected] of [
      [p50, 0.002],
      [p99, 0.05],
      [max, 0.2],
    ] as const) {
      assert.ok(Math.abs(actual - expected) < expected * 0.01, `${actual} is not ${expected}`);
    }
    pass();
    assert.ok((delay.read()?.max ?? 1) < 0.001);
  });

  it('sees a stall right after a reading', (t) => {
    const { delay, pass } = open(t);
    delay.read();
    pass();
    delay.read();
    pass(300);
    assert.ok((delay.read()?.max ?? 0) > 0.29);
  });

  it('stops when nobody reads for ten minutes, and begins anew with the next reading', (t) => {
    const { delay, pass, leap } = open(t);
    delay.read();
    leap(10 * 60_000);
    pass();
    pass(5);
    assert.equal(delay.read(), undefined);
    pass(5);
    assert.notEqual(delay.read(), undefined);
  });

  it('does not begin any more when it is closed', (t) => {
    const { delay, pass } = open(t);
    delay.read();
    delay.close();
    delay.read();
    pass(5);
    assert.equal(delay.read(), undefined);
  });
});
