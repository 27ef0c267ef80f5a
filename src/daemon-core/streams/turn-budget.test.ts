import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { TurnBudget } from './turn-budget.js';

const READ = 64 * 1024;

describe('TurnBudget', () => {
  it('lets all go on in turns, in the order of asking, so that none gets more than the others', async () => {
    const budget = new TurnBudget(2 * READ);
    const reads = [0, 0, 0, 0, 0];
    let inThisTurn = 0;
    let most = 0;
    const ready = new Set<number>();
    const resumes = reads.map((_, index) => () => ready.add(index));
    reads.forEach((_, index) => {
      ready.add(index);
    });
    for (let turns = 0; turns < 50; turns++) {
      inThisTurn = 0;
      for (const index of [...ready]) {
        reads[index] = (reads[index] ?? 0) + 1;
        inThisTurn += READ;
        if (!budget.spend(READ, resumes[index] ?? assert.fail)) ready.delete(index);
      }
      if (turns > 0) most = Math.max(most, inThisTurn);
      await turn();
    }
    assert.ok(most <= 3 * READ, `${most} bytes in one turn`);
    assert.ok(Math.max(...reads) - Math.min(...reads) <= 2, `${reads}`);
    assert.ok(Math.min(...reads) > 10, `${reads}`);
  });

  it('forgets who does not want to go on', async () => {
    const budget = new TurnBudget(1);
    let resumed = 0;
    const resume = () => resumed++;
    assert.equal(budget.spend(1, resume), false);
    budget.forget(resume);
    await turn();
    await turn();
    assert.equal(resumed, 0);
    assert.equal(budget.spend(1, resume), false);
    await turn();
    await turn();
    assert.equal(resumed, 1);
  });
});
