import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FakeEngine } from '../testing/fake-engine.js';

describe('a restart whose caller goes', { timeout: 10_000 }, () => {
  let fake: FakeEngine;
  beforeEach(async () => {
    fake = await FakeEngine.start();
  });
  afterEach(() => fake.stop());

  it('goes on when it has begun, whatever the caller gives it', async () => {
    const c = await fake.running(['deaf']);
    const first = c.inspect().State.StartedAt;
    const giveUp = new AbortController();
    // It stays in the stop: nothing but a kill ends this one.
    const canceled = c.restart({ timeoutSeconds: -1 }, { signal: giveUp.signal });
    const late = c.restart({ timeoutSeconds: -1 }, { timeoutMs: 1 });
    await assert.rejects(late, { name: 'DeadlineExceededError' });
    giveUp.abort();
    await assert.rejects(canceled, { name: 'CanceledError' });
    assert.equal(c.inspect().State.StartedAt, first);
    const ended = c.wait('next-exit');
    await c.kill();
    await ended;
    await fake.seen('restart');
    assert.equal(c.inspect().State.Status, 'running');
    assert.notEqual(c.inspect().State.StartedAt, first);
  });

  it('does not begin when the caller has gone before', async () => {
    const c = await fake.running(['sleep']);
    const { State } = c.inspect();
    await assert.rejects(c.restart({}, { signal: AbortSignal.abort() }), { name: 'CanceledError' });
    assert.deepEqual(c.inspect().State, State);
  });
});
