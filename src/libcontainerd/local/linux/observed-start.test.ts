import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SHIM_STARTS, type ShimStartObservation } from '../../../telemetry/observations.js';
import { hear } from '../../../telemetry/testing/hear.js';
import { observedStart } from './observed-start.js';

describe('observedStart', () => {
  let heard: ShimStartObservation[];
  let stop: () => void;
  beforeEach(() => {
    ({ heard, stop } = hear(SHIM_STARTS));
  });
  afterEach(() => stop());

  it('gives what was started, and tells of it', async () => {
    assert.equal(await observedStart({ api: 'v1', isWarm: false }, async () => 'shim'), 'shim');
    const [{ durationMs = -1, ...rest } = {}] = heard;
    assert.deepEqual(rest, { api: 'v1', isWarm: false, isStarted: true });
    assert.ok(durationMs >= 0);
  });

  it('tells of a failure, and passes it on', async () => {
    const failure = new Error('no');
    await assert.rejects(
      observedStart({ api: 'v2', isWarm: true }, async () => {
        throw failure;
      }),
      failure,
    );
    assert.deepEqual(
      heard.map(({ isWarm, isStarted }) => ({ isWarm, isStarted })),
      [{ isWarm: true, isStarted: false }],
    );
  });
});
