import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signalNumber } from './signals.js';

describe('signalNumber', () => {
  it('reads names, numbers and real-time names', () => {
    assert.equal(signalNumber('SIGTERM'), 15);
    assert.equal(signalNumber('term'), 15);
    assert.equal(signalNumber('9'), 9);
    assert.equal(signalNumber(9), 9);
    assert.equal(signalNumber('SIGRTMIN+3'), 37);
    assert.equal(signalNumber('RTMAX-1'), 63);
    assert.equal(signalNumber('SIGRTMIN'), 34);
  });

  for (const bad of ['', 'SIGNOPE', 'SIG', 0, -1, 65, 1.5, Number.NaN, 'SIGRTMIN+31', 'toString', '99']) {
    it(`refuses ${JSON.stringify(bad)}`, () => {
      assert.throws(() => signalNumber(bad), { name: 'InvalidArgumentError', code: 'ERR_SIGNAL_INVALID' });
    });
  }
});
