import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ContainerEvent } from './event.js';
import { Run } from './run.js';
import type { RunFact } from './run-state.js';
import { RunTable } from './run-table.js';

const ID = 'web';
const EXEC = 'debug';
const PID = 100;
const EXEC_PID = 200;
const NOW = new Date(Date.UTC(2026, 0, 1));
const ORIGIN = { timestamp: NOW, synthesized: false };

const exit = (code: number, exitUnknown = false) => ({ code, exitedAt: NOW, exitUnknown });
const exitEvent = (code: number, pid = PID, processId = ID): RunFact => {
  return { kind: 'exit', processId, pid, exit: exit(code), source: 'event' };
};
const started = (processId: string, pid: number): RunFact => ({ kind: 'started', processId, pid });

const CREATED: readonly RunFact[] = [{ kind: 'pid', processId: ID, pid: PID }, { kind: 'created' }];

/** All that may be told of one run in which an exec and init ran and ended, and a process was killed for memory. */
const HISTORY: readonly RunFact[] = [
  started(ID, 0),
  started(ID, PID),
  { kind: 'pid', processId: EXEC, pid: EXEC_PID },
  started(EXEC, EXEC_PID),
  started(EXEC, 0),
  exitEvent(5, EXEC_PID, EXEC),
  { kind: 'exit', processId: EXEC, pid: 0, exit: exit(5), source: 'reply' },
  { kind: 'oom', key: 'a' },
  { kind: 'oom-count', count: 1 },
  exitEvent(3),
  exitEvent(137),
  exitEvent(9, 77),
  { kind: 'exit', processId: ID, pid: 0, exit: exit(3), source: 'reply' },
  { kind: 'exit', processId: ID, pid: 0, exit: exit(255, true), source: 'guess' },
];

function newRun(since?: Date): { run: Run; events: ContainerEvent[] } {
  const events: ContainerEvent[] = [];
  return { run: new Run(ID, (event) => events.push(event), since), events };
}

const names = (events: readonly ContainerEvent[]): string[] =>
  events.map(({ type, processId }) => (processId === ID ? type : `${type}(${processId})`));

describe('Run', () => {
  it('announces each change once, in an order that makes sense, whatever the order of the facts', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...HISTORY, ...HISTORY], { minLength: 2 * HISTORY.length }),
        fc.nat({ max: 2 * HISTORY.length }),
        (facts, begunAt) => {
          const { run, events } = newRun();
          // Some arrive before the reply of the create, which also knows of the exec here.
          const early = facts.slice(0, begunAt);
          for (const fact of early) run.apply(fact, ORIGIN);
          assert.equal(events.length, 0);
          run.begin([...CREATED, { kind: 'exec-added', processId: EXEC }], ORIGIN);
          for (const fact of facts.slice(begunAt)) run.apply(fact, ORIGIN);

          const told = names(events);
          assert.equal(new Set(told).size, told.length, `told twice: ${told}`);
          assert.equal(told[0], 'create');
          for (const must of ['create', 'exec-added(debug)', 'oom', 'exit(debug)', 'exit']) {
            assert.ok(told.includes(must), `${must} missing in ${told}`);
          }
          for (const [start, end] of [
            ['start', 'exit'],
            ['exec-started(debug)', 'exit(debug)'],
          ]) {
            const at = told.indexOf(start ?? '');
            assert.ok(at < told.indexOf(end ?? ''), `${start} after ${end} in ${told}`);
          }
          assert.ok(events.every((event) => event.run === run.generation));
          assert.equal(run.exitOf(ID)?.code, 3);
          assert.equal(run.exitOf(EXEC)?.code, 5);
          assert.equal(run.snapshot(ID).oomKills, 1);
          assert.deepEqual(run.unfinished(), []);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('holds what it hears until the reply says that it exists', () => {
    const { run, events } = newRun();
    run.apply(started(ID, PID), ORIGIN);
    run.apply(exitEvent(3), ORIGIN);
    run.apply(exitEvent(9, 77), ORIGIN);
    assert.equal(run.phase, 'pending');
    assert.equal(run.snapshot(ID).status, 'unknown');
    run.begin(CREATED, ORIGIN);
    assert.deepEqual(names(events), ['create', 'start', 'exit']);
    assert.ok(events.every((event) => event.pid === PID));
    assert.equal(run.exitOf(ID)?.code, 3);
  });

  it('begins once', () => {
    const { run } = newRun();
    run.begin(CREATED, ORIGIN);
    assert.throws(() => run.begin(CREATED, ORIGIN), { code: 'ERR_TRANSITION' });
  });

  it('takes an OOM from before its create for one of an older run', () => {
    const since = new Date(NOW.getTime() + 1000);
    const { run, events } = newRun(since);
    run.apply({ kind: 'oom', key: 'pending' }, { timestamp: since, synthesized: false });
    run.begin(CREATED, ORIGIN);
    run.apply({ kind: 'oom', key: 'old' }, { timestamp: NOW, synthesized: false });
    assert.equal(run.snapshot(ID).oomKilled, false);
    run.apply({ kind: 'oom', key: 'ours' }, { timestamp: since, synthesized: false });
    assert.equal(run.snapshot(ID).oomKills, 1);
    assert.deepEqual(names(events), ['create', 'oom']);
  });

  it('announces a guess once, and only its state follows the truth', () => {
    const { run, events } = newRun();
    run.begin([...CREATED, started(ID, 0)], ORIGIN);
    const guess: RunFact = { kind: 'exit', processId: ID, pid: 0, exit: exit(255, true), source: 'guess' };
    run.apply(guess, { timestamp: NOW, synthesized: true });
    run.apply(exitEvent(0), ORIGIN);
    const exits = events.filter((event) => event.type === 'exit');
    assert.equal(exits.length, 1);
    assert.equal(exits[0]?.exit.code, 255);
    assert.equal(exits[0]?.synthesized, true);
    assert.deepEqual(run.exitOf(ID), exit(0));
  });

  it('tells each listener of the exit once, and late ones at once', () => {
    const { run } = newRun();
    run.begin([...CREATED, started(ID, 0)], ORIGIN);
    const heard: string[] = [];
    run.onExit(ID, ({ code }) => heard.push(`first ${code}`));
    const stop = run.onExit(ID, () => heard.push('never'));
    stop();
    stop();
    run.apply(exitEvent(137), ORIGIN);
    run.apply(exitEvent(3), ORIGIN);
    run.onExit(ID, ({ code }) => heard.push(`late ${code}`));
    assert.deepEqual(heard, ['first 137', 'late 3']);
  });

  it('hears nothing any more once it has ended', () => {
    const { run, events } = newRun();
    run.begin([...CREATED, started(ID, 0)], ORIGIN);
    run.end();
    run.apply(exitEvent(3), ORIGIN);
    assert.equal(run.exitOf(ID), undefined);
    assert.deepEqual(names(events), ['create', 'start']);
  });

  it('has another generation than any other run', () => {
    const generations = Array.from({ length: 10 }, () => newRun().run.generation);
    assert.equal(new Set(generations).size, 10);
  });
});

describe('RunTable', () => {
  function newTable(): { table: RunTable; events: ContainerEvent[] } {
    const events: ContainerEvent[] = [];
    return { table: new RunTable((event) => events.push(event)), events };
  }

  function live(table: RunTable, id = ID, pid = PID): Run {
    const run = table.prepare(id);
    const facts: RunFact[] = [{ kind: 'pid', processId: id, pid }, { kind: 'created' }, started(id, 0)];
    table.commit(run, facts, ORIGIN);
    return run;
  }

  it('holds a run from commit to remove', () => {
    const { table } = newTable();
    assert.equal(table.get(ID), undefined);
    const run = live(table);
    assert.equal(table.get(ID), run);
    assert.equal(table.size, 1);
    table.remove(run);
    assert.equal(table.size, 0);
    assert.equal(run.phase, 'ended');
    table.remove(run);
  });

  it('lets one call at a time create the task of an id', () => {
    const { table } = newTable();
    const run = table.prepare(ID, NOW);
    assert.throws(() => table.prepare(ID, NOW), { name: 'ConflictError', code: 'ERR_TASK_EXISTS' });
    table.abandon(run);
    table.prepare(ID, NOW);
  });

  it('takes for a run that is being created nothing that comes before the answer, not even with its pid', () => {
    const { table, events } = newTable();
    const run = table.prepare(ID, NOW);
    table.apply(ID, exitEvent(4, 2), ORIGIN);
    table.commit(run, [{ kind: 'pid', processId: ID, pid: 2 }, { kind: 'created' }], ORIGIN);
    assert.equal(run.exitOf(ID), undefined);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['create'],
    );
  });

  it('gives facts to the live run and to the one that is being looked for', () => {
    const { table, events } = newTable();
    const first = live(table, ID, 1);
    const second = table.prepare(ID);
    table.apply(ID, exitEvent(4, 2), ORIGIN);
    table.apply(ID, exitEvent(3, 1), ORIGIN);
    table.apply('other', exitEvent(3, 1), ORIGIN);
    table.commit(second, [{ kind: 'pid', processId: ID, pid: 2 }, { kind: 'created' }, started(ID, 0)], ORIGIN);
    assert.equal(first.exitOf(ID)?.code, 3);
    assert.equal(second.exitOf(ID)?.code, 4);
    const exits = events.filter((event) => event.type === 'exit').map((event) => [event.run, event.exit.code]);
    assert.deepEqual(exits, [
      [first.generation, 3],
      [second.generation, 4],
    ]);
  });

  it('knows the containers of live runs and of those that are being prepared', () => {
    const { table } = newTable();
    assert.equal(table.isKnown(ID), false);
    const prepared = table.prepare(ID);
    assert.equal(table.isKnown(ID), true);
    table.abandon(prepared);
    assert.equal(table.isKnown(ID), false);
    table.remove(live(table));
    assert.equal(table.isKnown(ID), false);
  });

  it('ends a run that another replaces, or that is deleted with no exit seen, as unknown', () => {
    const { table, events } = newTable();
    const first = live(table, ID, 1);
    const second = live(table, ID, 2);
    assert.deepEqual([first.phase, second.phase], ['ended', 'live']);
    assert.equal(first.exitOf(ID)?.exitUnknown, true);
    table.remove(second);
    assert.equal(second.exitOf(ID)?.exitUnknown, true);
    const exits = events.filter((event) => event.type === 'exit');
    assert.deepEqual(
      exits.map((event) => [event.exit.code, event.synthesized]),
      [
        [255, true],
        [255, true],
      ],
    );
  });

  it('never replaces a known exit by an unknown one', () => {
    const { table } = newTable();
    const run = live(table);
    run.apply(exitEvent(3), ORIGIN);
    table.concludeUnknown(run, [ID]);
    table.remove(run);
    assert.deepEqual(run.exitOf(ID), exit(3));
  });

  it('tells those who wait for a task that is deleted before it was started', () => {
    const { table } = newTable();
    const run = table.prepare(ID);
    table.commit(run, CREATED, ORIGIN);
    let heard = 0;
    run.onExit(ID, () => heard++);
    table.remove(run);
    assert.equal(heard, 1);
  });
});
