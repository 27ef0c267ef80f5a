import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RPCS, RpcCounter } from './rpc.js';
import { hear } from './testing/hear.js';

describe('RpcCounter', () => {
  it('tells of a finished call with its backend, method and code', (t) => {
    const { heard, stop } = hear(RPCS);
    t.after(stop);
    const rpcs = new RpcCounter('shim');
    rpcs.begin('Task/Create')(0);
    rpcs.begin('Events/Subscribe', { isStream: true })(1);
    assert.deepEqual(
      heard.map(({ durationMs, ...rest }) => ({ ...rest, isTimed: durationMs >= 0 })),
      [
        { backend: 'shim', method: 'Task/Create', code: 0, isStream: false, isTimed: true },
        { backend: 'shim', method: 'Events/Subscribe', code: 1, isStream: true, isTimed: true },
      ],
    );
  });

  it('counts without listeners, from the start of a call', () => {
    const rpcs = new RpcCounter('shim');
    rpcs.begin('Task/Create');
    assert.deepEqual(rpcs.counts(), new Map([['Task/Create', 1]]));
  });

  it('tells nobody after the end of a subscription', () => {
    const { heard, stop } = hear(RPCS);
    stop();
    stop();
    new RpcCounter('shim').begin('Task/Create')(0);
    assert.deepEqual(heard, []);
  });
});
