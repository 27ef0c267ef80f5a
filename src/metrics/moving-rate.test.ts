import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MovingRate } from './moving-rate.js';

const SECOND = 1_000;

/** By the definition: a step each 5 s, whether or not anything happens. */
function byTheBook(minutes: number, marksPerStep: readonly number[]): number {
  const alpha = 1 - Math.exp(-5 / 60 / minutes);
  const [first = 0, ...rest] = marksPerStep.map((marks) => marks / 5);
  return rest.reduce((rate, now) => rate + alpha * (now - rate), first);
}

function rateOf(minutes: number, marksPerStep: readonly number[]): number {
  const rate = new MovingRate(minutes, 7);
  for (const [step, marks] of marksPerStep.entries()) {
    for (let mark = 0; mark < marks; mark++) rate.mark(7 + step * 5 * SECOND + mark);
  }
  return rate.perSecond(7 + marksPerStep.length * 5 * SECOND);
}

function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
}

describe('MovingRate', () => {
  it('is 0 until the first step is over', () => {
    const rate = new MovingRate(1, 0);
    rate.mark(10);
    assert.equal(rate.perSecond(4_999), 0);
    assert.equal(rate.perSecond(5_000), 0.2);
  });

  for (const minutes of [1, 5, 15]) {
    it(`follows the definition over ${minutes} min`, () => {
      for (const marks of [[10], [10, 0, 0, 3, 0, 0, 0, 50], [0, 0, 5], [1, 1, 1, 1, 1, 1], [0, 0, 0]]) {
        assertClose(rateOf(minutes, marks), byTheBook(minutes, marks));
      }
    });
  }

  it('is the same, however often it is asked', () => {
    const [often, once] = [new MovingRate(1, 0), new MovingRate(1, 0)];
    for (const rate of [often, once]) rate.mark(1_000);
    for (let at = 2_000; at < 600_000; at += 1_300) often.perSecond(at);
    assertClose(often.perSecond(600_000), once.perSecond(600_000));
    assert.ok(once.perSecond(600_000) > 0);
  });
});
