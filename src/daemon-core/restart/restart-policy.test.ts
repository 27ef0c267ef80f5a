import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import type { RestartPolicy } from '../../oci/config/host-config.js';
import { RestartManager } from './restart-policy.js';

const failed = { exitCode: 1, manuallyStopped: false, ranMs: 5, restartCount: 0 };

function delays(manager: RestartManager, count: number, ranMs = 5): number[] {
  return Array.from({ length: count }, (_, restartCount) => {
    const decision = manager.decide({ ...failed, ranMs, restartCount });
    return decision.restart ? decision.delayMs : -1;
  });
}

describe('decide', () => {
  const cases: readonly [RestartPolicy, Partial<typeof failed>, boolean][] = [
    [{ Name: '' }, {}, false],
    [{ Name: 'no' }, {}, false],
    [{ Name: 'always' }, { exitCode: 0 }, true],
    [{ Name: 'always' }, { manuallyStopped: true }, true],
    [{ Name: 'unless-stopped' }, { exitCode: 0 }, true],
    [{ Name: 'unless-stopped' }, { manuallyStopped: true }, false],
    [{ Name: 'on-failure' }, {}, true],
    [{ Name: 'on-failure' }, { exitCode: 0 }, false],
    [{ Name: 'on-failure' }, { restartCount: 1_000 }, true],
    [{ Name: 'on-failure', MaximumRetryCount: 0 }, { restartCount: 1_000 }, true],
    [{ Name: 'on-failure', MaximumRetryCount: 3 }, { restartCount: 2 }, true],
    [{ Name: 'on-failure', MaximumRetryCount: 3 }, { restartCount: 3 }, false],
    [{ Name: 'on-failure', MaximumRetryCount: 3 }, { manuallyStopped: true }, true],
  ];
  for (const [policy, run, restart] of cases) {
    it(`${restart ? 'restarts' : 'leaves'} ${JSON.stringify(policy)} after ${JSON.stringify(run)}`, () => {
      assert.equal(new RestartManager(policy).decide({ ...failed, ...run }).restart, restart);
    });
  }

  it('restarts on-failure:3 three times', () => {
    assert.deepEqual(
      delays(new RestartManager({ Name: 'on-failure', MaximumRetryCount: 3 }), 5),
      [100, 200, 400, -1, -1],
    );
  });

  it('doubles the delay up to one minute', () => {
    assert.deepEqual(
      delays(new RestartManager({ Name: 'always' }), 12),
      [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000],
    );
  });

  it('begins anew after a run of ten seconds, and not of less', () => {
    const manager = new RestartManager({ Name: 'always' });
    delays(manager, 3);
    assert.deepEqual(delays(manager, 1, 9_999), [800]);
    assert.deepEqual(delays(manager, 2, 10_000), [100, 100]);
  });

  it('goes on where another engine has stopped', () => {
    const manager = new RestartManager({ Name: 'always' }, { lastDelayMs: 400 });
    assert.deepEqual(delays(manager, 2), [800, 1_600]);
    assert.equal(manager.lastDelayMs, 1_600);
  });

  it('takes another policy for the next decision', () => {
    const manager = new RestartManager({ Name: 'always' });
    manager.update({ Name: 'no' });
    assert.deepEqual(manager.decide(failed), { restart: false });
    assert.deepEqual(manager.policy, { Name: 'no' });
  });

  it('refuses after cancel and begins anew after reset', () => {
    const manager = new RestartManager({ Name: 'always' });
    delays(manager, 4);
    manager.cancel();
    assert.ok(manager.isCanceled);
    assert.deepEqual(manager.decide(failed), { restart: false });
    manager.reset();
    assert.deepEqual(manager.decide(failed), { restart: true, delayMs: 100 });
  });
});

describe('wait', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  const settled = async (promise: Promise<unknown>) =>
    Promise.race([promise, new Promise((resolve) => setImmediate(resolve, 'waits'))]);

  it('ends when the delay is over, and not before', async () => {
    const waiting = new RestartManager({ Name: 'always' }).wait(100);
    mock.timers.tick(99);
    assert.equal(await settled(waiting), 'waits');
    mock.timers.tick(1);
    assert.equal(await settled(waiting), 'elapsed');
  });

  it('ends by cancel, at once', async () => {
    const manager = new RestartManager({ Name: 'always' });
    const waiting = manager.wait(60_000);
    manager.cancel();
    assert.equal(await settled(waiting), 'canceled');
    assert.equal(await settled(manager.wait(60_000)), 'canceled');
    manager.reset();
    assert.equal(await settled(manager.wait(60_000)), 'waits');
    manager.cancel();
  });

  it('ends by the signal', async () => {
    const manager = new RestartManager({ Name: 'always' });
    const abort = new AbortController();
    const waiting = manager.wait(60_000, abort.signal);
    abort.abort();
    assert.equal(await settled(waiting), 'canceled');
    assert.equal(await settled(manager.wait(1, abort.signal)), 'canceled');
    assert.equal(manager.isCanceled, false);
  });
});
