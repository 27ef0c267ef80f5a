import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { withDefault, withinCall } from './within-call.js';

const never = new Promise<never>(() => {});
const late = { name: 'DeadlineExceededError', message: /^ask: not done within \d+ ms$/ };

describe('withinCall', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  it('ends at the time of the call, or at the default where it names none', async () => {
    for (const call of [{ timeoutMs: 50 }, withDefault({}, 50), withDefault({ timeoutMs: 50 }, 5)]) {
      let hasEnded = false;
      const waiting = withinCall('ask', never, call).finally(() => {
        hasEnded = true;
      });
      mock.timers.tick(49);
      await Promise.resolve();
      assert.equal(hasEnded, false);
      mock.timers.tick(1);
      await assert.rejects(waiting, late);
    }
  });

  it('ends with its signal, also when that fired before', async () => {
    const giveUp = new AbortController();
    const waiting = withinCall('ask', never, { signal: giveUp.signal, timeoutMs: 50 });
    giveUp.abort();
    await assert.rejects(waiting, { name: 'CanceledError' });
    await assert.rejects(withinCall('ask', never, { signal: giveUp.signal }), { name: 'CanceledError' });
  });

  it('gives what the promise gives, be there a bound or not', async () => {
    for (const timeoutMs of [undefined, 50, 2 ** 40, Number.POSITIVE_INFINITY]) {
      const { signal } = new AbortController();
      const waiting = withinCall('ask', Promise.resolve(7), { signal, timeoutMs });
      mock.timers.tick(1);
      assert.equal(await waiting, 7);
      await assert.rejects(withinCall('ask', Promise.reject(new Error('no')), { timeoutMs }), /no/);
    }
  });
});
