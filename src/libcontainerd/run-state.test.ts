import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  exitOf,
  initialRun,
  isStarted,
  oomKillsOf,
  pidOf,
  type RunFact,
  type RunState,
  reduceRun,
  statusOf,
} from './run-state.js';

const INIT = 'web';
const EXEC = 'debug';
const OWN_PID = 100;
const OTHER_PID = 77;
const T0 = Date.UTC(2026, 0, 1);

const reduceAll = (facts: readonly RunFact[], from = initialRun(INIT)): RunState => facts.reduce(reduceRun, from);

const exitFact = (
  code: number,
  options: { pid?: number; source?: 'reply' | 'event' | 'guess'; processId?: string; at?: number } = {},
): RunFact => {
  const { pid = OWN_PID, source = 'event', processId = INIT, at = T0 } = options;
  const exit = { code, exitedAt: new Date(at), exitUnknown: source === 'guess' };
  return { kind: 'exit', processId, pid, exit, source };
};
const GUESS = exitFact(255, { pid: 0, source: 'guess' });
const PID: RunFact = { kind: 'pid', processId: INIT, pid: OWN_PID };

const processId = fc.constantFrom(INIT, EXEC);
const pid = fc.constantFrom(0, OTHER_PID, OWN_PID, OWN_PID + 1);

/** Every fact whose order must not matter, with values few enough to collide often. */
const anyFact: fc.Arbitrary<RunFact> = fc.oneof(
  fc.record({ kind: fc.constant('pid' as const), processId, pid }),
  fc.constant<RunFact>({ kind: 'created' }),
  fc.record({ kind: fc.constant('exec-added' as const), processId: fc.constant(EXEC) }),
  fc.record({ kind: fc.constant('started' as const), processId, pid }),
  fc.record({ kind: fc.constant('oom' as const), key: fc.constantFrom('a', 'b', 'c') }),
  fc.record({ kind: fc.constant('oom-count' as const), count: fc.integer({ min: 0, max: 4 }) }),
  fc
    .record({
      code: fc.constantFrom(0, 1, 137, 143),
      pid,
      source: fc.constantFrom('reply' as const, 'event' as const),
      processId,
      at: fc.constantFrom(T0, T0 + 1, T0 + 2),
    })
    .map(({ code, ...rest }) => exitFact(code, rest)),
  fc.record({ processId, at: fc.constantFrom(T0, T0 + 3) }).map((rest) => {
    return exitFact(255, { ...rest, pid: 0, source: 'guess' });
  }),
);

const manyFacts = fc.array(anyFact, { minLength: 1, maxLength: 12 });

/** The same facts in another order, some of them more than once. */
const shuffledTwice = manyFacts.chain((facts) =>
  fc.tuple(
    fc.constant(facts),
    fc
      .array(fc.constantFrom(...facts), { maxLength: 6 })
      .chain((repeats) => fc.shuffledSubarray([...facts, ...repeats], { minLength: facts.length + repeats.length })),
  ),
);

describe('reduceRun', () => {
  it('comes to the same state whatever the order and however often a fact is told', () => {
    // An exec is known from its exec-added on; that one comes first, as the call that adds it makes sure.
    const start = reduceAll([{ kind: 'exec-added', processId: EXEC }]);
    fc.assert(
      fc.property(shuffledTwice, ([facts, shuffled]) => {
        assert.deepEqual(reduceAll(shuffled, start), reduceAll(facts, start));
      }),
      { numRuns: 2000 },
    );
  });

  it('gives the same object back when a fact says nothing new', () => {
    fc.assert(
      fc.property(manyFacts, (facts) => {
        const state = reduceAll(facts, reduceAll([{ kind: 'exec-added', processId: EXEC }]));
        for (const fact of facts) assert.equal(reduceRun(state, fact), state);
      }),
    );
  });

  it('never takes an exit or a kill back', () => {
    fc.assert(
      fc.property(manyFacts, (facts) => {
        let state = initialRun(INIT);
        for (const fact of facts) {
          const next = reduceRun(state, fact);
          if (exitOf(state, INIT) !== undefined) assert.notEqual(exitOf(next, INIT), undefined);
          if (isStarted(state, INIT)) assert.ok(isStarted(next, INIT));
          assert.ok(oomKillsOf(next) >= oomKillsOf(state));
          state = next;
        }
      }),
    );
  });

  it('does not change the state it is given', () => {
    fc.assert(
      fc.property(manyFacts, anyFact, (facts, fact) => {
        const state = reduceAll(facts);
        const copy = structuredClone(state);
        reduceRun(state, fact);
        assert.deepEqual(state, copy);
      }),
    );
  });

  it('goes from unknown to created to running to stopped', () => {
    const steps: [RunFact, string][] = [
      [{ kind: 'created' }, 'created'],
      [PID, 'created'],
      [{ kind: 'started', processId: INIT, pid: 0 }, 'running'],
      [{ kind: 'paused', at: T0, source: 'reply' }, 'paused'],
      [{ kind: 'resumed', at: T0 + 1, source: 'reply' }, 'running'],
      [exitFact(3), 'stopped'],
    ];
    let state = initialRun(INIT);
    assert.equal(statusOf(state, INIT), 'unknown');
    for (const [fact, status] of steps) {
      state = reduceRun(state, fact);
      assert.equal(statusOf(state, INIT), status);
    }
  });
});

describe('exits', () => {
  it('ignore an event that names another pid', () => {
    const state = reduceAll([PID, exitFact(3, { pid: OTHER_PID })]);
    assert.equal(exitOf(state, INIT), undefined);
    assert.equal(exitOf(reduceRun(state, exitFact(4)), INIT)?.code, 4);
  });

  it('believe an event without pid only once a reply has told of the run', () => {
    const early = reduceAll([exitFact(3, { pid: 0 })]);
    assert.equal(exitOf(early, INIT), undefined);
    assert.equal(exitOf(reduceRun(early, PID), INIT)?.code, 3);
  });

  it('believe any event of a runtime that has no pids', () => {
    const state = reduceAll([{ kind: 'pid', processId: INIT, pid: 0 }, exitFact(3, { pid: OTHER_PID })]);
    assert.equal(exitOf(state, INIT)?.code, 3);
  });

  it('believe a reply whatever pid it carries', () => {
    assert.equal(exitOf(reduceAll([PID, exitFact(3, { pid: 0, source: 'reply' })]), INIT)?.code, 3);
  });

  it('prefer any code to the made-up 137 of a cleaned-up shim, in both orders', () => {
    const truth = exitFact(0, { at: T0 });
    const cleanUp = exitFact(137, { at: T0 + 5 });
    assert.equal(exitOf(reduceAll([PID, truth, cleanUp]), INIT)?.code, 0);
    assert.equal(exitOf(reduceAll([PID, cleanUp, truth]), INIT)?.code, 0);
    assert.equal(exitOf(reduceAll([PID, cleanUp, cleanUp]), INIT)?.code, 137);
  });

  it('replace a guess by the truth, and never the other way round', () => {
    const guessed = reduceAll([PID, GUESS]);
    assert.deepEqual(exitOf(guessed, INIT), { code: 255, exitedAt: new Date(T0), exitUnknown: true });
    assert.equal(exitOf(reduceRun(guessed, exitFact(137, { at: T0 + 9 })), INIT)?.code, 137);
    const known = reduceAll([PID, exitFact(137, { at: T0 + 9 })]);
    assert.equal(exitOf(reduceRun(known, GUESS), INIT)?.exitUnknown, false);
  });

  it('take the first of two that are equally good', () => {
    const [first, second] = [exitFact(1, { at: T0 }), exitFact(2, { at: T0 + 1 })];
    assert.equal(exitOf(reduceAll([PID, second, first]), INIT)?.code, 1);
  });
});

describe('execs', () => {
  const ADDED: RunFact = { kind: 'exec-added', processId: EXEC };
  const EXEC_PID: RunFact = { kind: 'pid', processId: EXEC, pid: 200 };

  it('are dropped while unknown: they are of an old exec or a stranger', () => {
    const state = reduceAll([PID]);
    for (const fact of [EXEC_PID, exitFact(1, { processId: EXEC, pid: 200 })]) {
      assert.equal(reduceRun(state, fact), state);
    }
    assert.equal(statusOf(state, EXEC), 'unknown');
  });

  it('live beside init', () => {
    const state = reduceAll([
      PID,
      ADDED,
      EXEC_PID,
      { kind: 'started', processId: EXEC, pid: 0 },
      exitFact(7, { processId: EXEC, pid: 200 }),
    ]);
    assert.equal(exitOf(state, EXEC)?.code, 7);
    assert.equal(pidOf(state, EXEC), 200);
    assert.equal(exitOf(state, INIT), undefined);
  });

  it('leave nothing to the next exec of the same id', () => {
    const ended = reduceAll([PID, ADDED, EXEC_PID, exitFact(7, { processId: EXEC, pid: 200 })]);
    const removed = reduceRun(ended, { kind: 'exec-removed', processId: EXEC });
    assert.equal(statusOf(removed, EXEC), 'unknown');
    const again = reduceAll([ADDED, { kind: 'pid', processId: EXEC, pid: 201 }], removed);
    const late = reduceRun(again, exitFact(7, { processId: EXEC, pid: 200 }));
    assert.equal(exitOf(late, EXEC), undefined);
    assert.equal(statusOf(late, EXEC), 'created');
  });

  it('cannot take init away', () => {
    const state = reduceAll([PID]);
    assert.equal(reduceRun(state, { kind: 'exec-removed', processId: INIT }), state);
  });
});

describe('OOM kills', () => {
  it('count distinct events, or what the kernel counted when that is more', () => {
    const state = reduceAll([
      { kind: 'oom', key: 'a' },
      { kind: 'oom', key: 'a' },
      { kind: 'oom', key: 'b' },
    ]);
    assert.equal(oomKillsOf(state), 2);
    assert.equal(oomKillsOf(reduceRun(state, { kind: 'oom-count', count: 1 })), 2);
    assert.equal(oomKillsOf(reduceRun(state, { kind: 'oom-count', count: 5 })), 5);
  });

  it('keep a bounded number of events', () => {
    let state = initialRun(INIT);
    for (let n = 0; n < 5000; n++) state = reduceRun(state, { kind: 'oom', key: String(n) });
    assert.ok(state.oomKeys.size <= 1024);
    assert.ok(oomKillsOf(state) > 0);
  });
});

describe('pauses', () => {
  it('are not undone by an event that is older than a reply', () => {
    const paused = reduceAll([
      PID,
      { kind: 'started', processId: INIT, pid: 0 },
      { kind: 'paused', at: T0 + 10, source: 'reply' },
      { kind: 'resumed', at: T0 + 20, source: 'reply' },
      { kind: 'paused', at: T0 + 9, source: 'event' },
    ]);
    assert.equal(statusOf(paused, INIT), 'running');
    const byAnother = reduceRun(paused, { kind: 'paused', at: T0 + 30, source: 'event' });
    assert.equal(statusOf(byAnother, INIT), 'paused');
  });

  it('are not undone by a reply that is older than an event', () => {
    // Our pause was answered late: somebody resumed the task before, and that event was quicker.
    const resumed = reduceAll([
      PID,
      { kind: 'started', processId: INIT, pid: 0 },
      { kind: 'paused', at: T0 + 10, source: 'event' },
      { kind: 'resumed', at: T0 + 20, source: 'event' },
      { kind: 'paused', at: T0 + 15, source: 'reply' },
    ]);
    assert.equal(statusOf(resumed, INIT), 'running');
  });
});
