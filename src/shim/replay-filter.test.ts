import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Envelope } from '../protocol/gen/containerd/types/types.js';
import { ReplayFilter } from './replay-filter.js';

const envelope = (change: Partial<Envelope> = {}): Envelope => ({
  timestamp: new Date(5),
  namespace: 'ns',
  topic: '/tasks/exit',
  event: { typeUrl: 'containerd.events.TaskExit', value: Buffer.from('abc') },
  ...change,
});

describe('ReplayFilter', () => {
  it('tells a repetition by all that is in it', () => {
    const filter = new ReplayFilter();
    assert.equal(filter.isReplay(envelope()), false);
    assert.equal(filter.isReplay(envelope()), true);
    for (const change of [
      { timestamp: new Date(6) },
      { namespace: 'other' },
      { topic: '/tasks/start' },
      { event: undefined },
      { event: { typeUrl: 'containerd.events.TaskExit', value: Buffer.from('abd') } },
      { event: { typeUrl: 'containerd.events.TaskOOM', value: Buffer.from('abc') } },
    ]) {
      assert.equal(filter.isReplay(envelope(change)), false);
      assert.equal(filter.isReplay(envelope(change)), true);
    }
  });

  it('takes every envelope without a time', () => {
    const filter = new ReplayFilter();
    for (let i = 0; i < 3; i++) assert.equal(filter.isReplay(envelope({ timestamp: undefined })), false);
  });

  it('forgets after a minute, and what was retracted', () => {
    let now = 0;
    const filter = new ReplayFilter(() => now);
    assert.equal(filter.isReplay(envelope()), false);
    now = 59_999;
    assert.equal(filter.isReplay(envelope()), true);
    now = 60_000;
    assert.equal(filter.isReplay(envelope()), false);
    filter.retract(envelope());
    assert.equal(filter.isReplay(envelope()), false);
  });

  it('remembers a bounded number, the youngest', () => {
    const filter = new ReplayFilter(() => 0);
    for (let i = 0; i < 10_000; i++) filter.isReplay(envelope({ timestamp: new Date(i) }));
    assert.equal(filter.isReplay(envelope({ timestamp: new Date(9_999) })), true);
    assert.equal(filter.isReplay(envelope({ timestamp: new Date(0) })), false);
  });
});
