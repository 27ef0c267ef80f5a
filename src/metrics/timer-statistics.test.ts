import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PERCENTS, TimerStatistics } from './timer-statistics.js';

function assertNear(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= expected * 0.002, `${what}: ${actual} is not ${expected}`);
}

describe('TimerStatistics', () => {
  it('has zeroes before the first duration', () => {
    const { percentiles, ...rest } = new TimerStatistics(() => 0).summary();
    assert.deepEqual(new Set(Object.values(rest)), new Set([0]));
    assert.deepEqual(
      percentiles,
      PERCENTS.map((percent) => [percent, 0]),
    );
  });

  it('tells the distribution within 0.2 %', () => {
    const timer = new TimerStatistics();
    const all = Array.from({ length: 1_000 }, (_, i) => 20 + ((i * 7_919) % 1_000) * 0.25);
    for (const ms of all) timer.record(ms);
    const { count, min, max, mean, stddev, percentiles } = timer.summary();
    const expectedMean = all.reduce((sum, ms) => sum + ms, 0) / all.length;
    assert.equal(count, 1_000);
    assertNear(min, 20, 'min');
    assertNear(max, 269.75, 'max');
    assertNear(mean, expectedMean, 'mean');
    assertNear(stddev, Math.sqrt(all.reduce((sum, ms) => sum + (ms - expectedMean) ** 2, 0) / all.length), 'stddev');
    const sorted = [...all].sort((a, b) => a - b);
    for (const [percent, ms] of percentiles) {
      assertNear(ms, sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN, `${percent} %`);
    }
  });

  it('takes a start of no time, and one longer than a day', () => {
    const timer = new TimerStatistics();
    timer.record(0);
    timer.record(1e12);
    const { count, min, max } = timer.summary();
    assert.equal(count, 2);
    assert.equal(min, 0.001);
    assertNear(max, 86_400_000, 'max');
  });

  it('tells rates a second, by its clock', () => {
    let now = 1_000;
    const timer = new TimerStatistics(() => now);
    for (let i = 0; i < 10; i++) timer.record(1);
    now += 5_000;
    const { rate1, rate5, rate15, meanRate } = timer.summary();
    assert.deepEqual([rate1, rate5, rate15, meanRate], [2, 2, 2, 2]);
    now += 60_000;
    const later = timer.summary();
    assert.ok(later.rate1 < later.rate5 && later.rate5 < later.rate15 && later.rate15 < 2);
    assertNear(later.meanRate, 10 / 65, 'mean rate');
  });
});
