import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { intervalTable } from './interval-table.js';

describe('intervalTable', () => {
  it('has the rows of the first containerd, in its columns', () => {
    const timer = {
      count: 22,
      min: 25.425883,
      max: 113.077691,
      mean: 68.38692327,
      stddev: 20.92845326,
      percentiles: [
        [50, 65.489],
        [75, 82.393],
        [95, 112.268],
        [99, 113.078],
        [99.9, 113.078],
      ],
      rate1: 0.001,
      rate5: 0.01,
      rate15: 0.012,
      meanRate: 0.03,
    } as const;
    const lines = intervalTable({
      timers: { 'container-start-time': timer },
      counters: { containers: 1, events: 87 },
      gauges: { fds: 18 },
    });
    assert.deepEqual(lines, [
      'timer container-start-time',
      '  count:              22',
      '  min:                25.43ms',
      '  max:               113.08ms',
      '  mean:               68.39ms',
      '  stddev:             20.93ms',
      '  median:             65.49ms',
      '  75%:                82.39ms',
      '  95%:               112.27ms',
      '  99%:               113.08ms',
      '  99.9%:             113.08ms',
      '  1-min rate:          0.00',
      '  5-min rate:          0.01',
      '  15-min rate:         0.01',
      '  mean rate:           0.03',
      'counter containers',
      '  count:               1',
      'counter events',
      '  count:              87',
      'gauge fds',
      '  value:              18',
    ]);
  });
});
