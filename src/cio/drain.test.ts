import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waitForDrain } from './drain.js';

const never = new Promise<void>(() => {});

/** Runs `step` often until told to stop; the time a wait takes cannot be told without a clock. */
async function whileRunning<T>(step: () => void, wait: Promise<T>): Promise<{ result: T; tookMs: number }> {
  const startedAt = performance.now();
  const timer = setInterval(step, 20);
  const result = await wait;
  clearInterval(timer);
  return { result, tookMs: performance.now() - startedAt };
}

describe('waitForDrain', () => {
  it('is true at once when all are closed, even with no time', async () => {
    const closed = { bytesRead: 5, readableLength: 0, closed: true, isHeldBack: false };
    assert.equal(await waitForDrain([closed, closed], never, { idleMs: 0 }), true);
    assert.equal(await waitForDrain([], never), true);
  });

  it('is true when they end, and leaves no timer', async () => {
    const open = { bytesRead: 0, readableLength: 0, closed: false, isHeldBack: false };
    let end = () => {};
    const drained = new Promise<void>((resolve) => {
      end = resolve;
    });
    const wait = waitForDrain([open], drained, { idleMs: 60_000 });
    end();
    assert.equal(await wait, true);
    assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
  });

  it('gives up when nothing moves', async () => {
    const { result, tookMs } = await whileRunning(
      () => {},
      waitForDrain([{ bytesRead: 7, readableLength: 7, closed: false, isHeldBack: false }], never, { idleMs: 150 }),
    );
    assert.equal(result, false);
    assert.ok(tookMs >= 149, `${tookMs}`);
  });

  it('goes on while bytes come, up to the bound', async () => {
    const stream = { bytesRead: 0, readableLength: 0, closed: false, isHeldBack: false };
    const wait = waitForDrain([stream], never, { idleMs: 200, maxMs: 600 });
    const { result, tookMs } = await whileRunning(() => {
      stream.bytesRead += 1;
    }, wait);
    assert.equal(result, false);
    assert.ok(tookMs >= 599, `${tookMs}`);
  });

  it('counts what the consumer takes as well', async () => {
    const stream = { bytesRead: 80_000, readableLength: 80_000, closed: false, isHeldBack: false };
    const wait = waitForDrain([stream], never, { idleMs: 200, maxMs: 600 });
    const { tookMs } = await whileRunning(() => {
      stream.readableLength -= 100;
    }, wait);
    assert.ok(tookMs >= 599, `${tookMs}`);
  });

  it('may have no upper bound', async () => {
    const wait = waitForDrain([{ bytesRead: 0, readableLength: 0, closed: false, isHeldBack: false }], never, {
      idleMs: 150,
      maxMs: Infinity,
    });
    assert.equal(await wait, false);
  });
});
