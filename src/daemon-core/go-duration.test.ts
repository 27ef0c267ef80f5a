import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatGoDuration, parseGoDuration } from './go-duration.js';

describe('parseGoDuration', () => {
  const good: readonly [string, bigint][] = [
    ['0', 0n],
    ['+5s', 5_000_000_000n],
    ['-1.5s', -1_500_000_000n],
    ['1h30m', 5_400_000_000_000n],
    ['250ms', 250_000_000n],
    ['.5s', 500_000_000n],
    ['1.s', 1_000_000_000n],
    ['1.0000000019s', 1_000_000_001n],
    ['2us3µs4μs5ns', 9_005n],
    ['0s', 0n],
  ];
  for (const [text, ns] of good) it(`reads ${text}`, () => assert.equal(parseGoDuration(text), ns));

  for (const text of ['', '-', '1', '1.5', 's', '.s', '1d', '1 s', '1h ', '--1s', '9999999999h', '1s1', '2024-01-01']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseGoDuration(text), undefined));
  }
});

describe('formatGoDuration', () => {
  const cases: readonly [number, string][] = [
    [0, '0s'],
    [1, '1ms'],
    [999, '999ms'],
    [1_000, '1s'],
    [1_500, '1.5s'],
    [30_000, '30s'],
    [60_000, '1m0s'],
    [90_100, '1m30.1s'],
    [3_600_000, '1h0m0s'],
    [-1_500, '-1.5s'],
  ];
  for (const [ms, text] of cases) it(`writes ${ms} ms`, () => assert.equal(formatGoDuration(ms), text));
});
