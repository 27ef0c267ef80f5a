import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NEW_STATE, type StateChange, transition } from './container-state.js';
import { inspectState } from './inspect-state.js';
import type { ContainerState, ContainerStatus, OomFacts } from './record.js';

const T1 = '2026-01-02T03:04:05.000Z';
const T2 = '2026-01-02T03:05:05.000Z';
const killedBy = (process: string, kills = 1): OomFacts => ({ killed: true, kills, victims: [{ process, at: T1 }] });
const none: OomFacts = { killed: false, kills: 0, victims: [] };
const started = (run: number, oom: OomFacts = none): StateChange => ({
  kind: 'started',
  run,
  pid: 100 + run,
  startedAt: T1,
  oom,
  health: undefined,
});
const exited = (exitCode: number): StateChange => ({ kind: 'exited', exitCode, finishedAt: T2 });
const restarting = (exitCode: number): StateChange => ({ kind: 'restarting', exitCode, finishedAt: T2 });
const failed: StateChange = { kind: 'start-failed', exitCode: 127, error: 'no such file' };
const after = (...changes: readonly StateChange[]): ContainerState => changes.reduce(transition, NEW_STATE);

/** One way to each state. */
const IN: { readonly [S in ContainerStatus]: ContainerState } = {
  created: NEW_STATE,
  running: after(started(1)),
  paused: after(started(1), { kind: 'paused' }),
  restarting: after(started(1), restarting(3)),
  removing: after({ kind: 'removing' }),
  exited: after(started(1), exited(3)),
  dead: after({ kind: 'removing' }, { kind: 'dead', error: 'busy' }),
};
const STATUSES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const;

/** The whole table: what each change makes of each state, `-` where it cannot come. In the order of `STATUSES`. */
const TABLE: readonly (readonly [change: StateChange, ...to: readonly (ContainerStatus | '-')[]])[] = [
  [started(2), 'running', '-', '-', 'running', '-', 'running', '-'],
  [{ kind: 'paused' }, '-', 'paused', '-', '-', '-', '-', '-'],
  [{ kind: 'unpaused' }, '-', '-', 'running', '-', '-', '-', '-'],
  [exited(7), '-', 'exited', 'exited', 'exited', '-', '-', '-'],
  [restarting(7), '-', 'restarting', 'restarting', '-', '-', '-', '-'],
  [failed, 'created', '-', '-', 'exited', '-', 'exited', '-'],
  [{ kind: 'oom', run: 1, oom: none }, ...STATUSES],
  [{ kind: 'health', health: undefined }, ...STATUSES],
  [{ kind: 'removing' }, 'removing', '-', '-', '-', '-', 'removing', 'removing'],
  [{ kind: 'dead', error: 'x' }, '-', '-', '-', '-', 'dead', '-', '-'],
  [{ kind: 'restart-count-reset' }, 'created', 'running', 'paused', 'restarting', '-', 'exited', '-'],
];

describe('transition', () => {
  for (const [change, ...row] of TABLE) {
    it(`knows where ${change.kind} leads from every state`, () => {
      STATUSES.forEach((status, i) => {
        const to = row[i];
        if (to === '-') {
          assert.throws(() => transition(IN[status], change), { code: 'ERR_TRANSITION', errorClass: 'internal' });
        } else {
          assert.equal(transition(IN[status], change).status, to, `${status} -> ${change.kind}`);
        }
      });
    });
  }

  it('starts a run with a clean sheet, but for what is known of this run', () => {
    const before = after(started(1, killedBy('init')), exited(137), failed);
    const state = transition(before, started(2, killedBy('exec a')));
    assert.deepEqual(state, { ...before, ...after(started(2, killedBy('exec a'))), finishedAt: T2 });
    assert.deepEqual([state.error, state.exitCode, state.oom], ['', 0, killedBy('exec a')]);
  });

  it('takes no number of a run twice', () => {
    assert.throws(() => transition(IN.exited, started(1)), { code: 'ERR_TRANSITION', message: /run 1 after run 1/ });
  });

  it('keeps how the run ended when a delay is given up', () => {
    const state = transition(IN.restarting, { kind: 'exited', exitCode: 99, finishedAt: 'now' });
    assert.deepEqual([state.exitCode, state.finishedAt, state.restartCount], [3, T2, 1]);
  });

  it('keeps the OOM kills of the run before when a start fails', () => {
    const state = after(started(1, killedBy('init')), exited(137), failed);
    assert.deepEqual([state.oom.killed, state.exitCode, state.error], [true, 127, 'no such file']);
  });

  it('adds up what is heard of OOM kills, after the exit too, and each thing once', () => {
    const heard = (run: number, oom: OomFacts): StateChange => ({ kind: 'oom', run, oom });
    const first = heard(1, killedBy('init'));
    const second = heard(1, killedBy('exec a', 2));
    const expected = { killed: true, kills: 2, victims: [...killedBy('init').victims, ...killedBy('exec a').victims] };
    assert.deepEqual(after(started(1), first, exited(137), second, first, second).oom, expected);
    assert.deepEqual(after(started(1), heard(2, killedBy('init')), heard(0, killedBy('init'))).oom, none);
    assert.deepEqual(after(heard(0, killedBy('init'))).oom, none);
  });

  it('takes health only while something runs', () => {
    const health = { Status: 'healthy', FailingStreak: 0, Log: [] } as const;
    for (const status of STATUSES) {
      const { health: got } = transition(IN[status], { kind: 'health', health });
      assert.deepEqual(got, status === 'running' || status === 'paused' ? health : undefined, status);
    }
  });

  const changes = fc.array(
    fc.oneof(
      fc
        .constantFrom<'paused' | 'unpaused' | 'removing' | 'restart-count-reset'>(
          'paused',
          'unpaused',
          'removing',
          'restart-count-reset',
        )
        .map((kind) => ({ kind })),
      fc.record({ step: fc.integer({ min: 0, max: 2 }), killed: fc.boolean() }),
      fc.integer({ min: 0, max: 255 }).map(exited),
      fc.integer({ min: 0, max: 255 }).map(restarting),
      fc.constantFrom<StateChange>(failed, { kind: 'dead', error: 'x' }),
      fc
        .record({ run: fc.integer({ min: 0, max: 8 }), kills: fc.integer({ min: 1, max: 5 }) })
        .map(({ run, kills }): StateChange => ({ kind: 'oom', run, oom: killedBy(`of run ${run}`, kills) })),
    ),
    { maxLength: 40 },
  );

  it('reaches no state that cannot be, in whatever order things happen', () => {
    fc.assert(
      fc.property(changes, (sequence) => {
        let state = NEW_STATE;
        for (const each of sequence) {
          const change =
            'step' in each
              ? started(state.run + each.step, each.killed ? killedBy(`of run ${state.run + each.step}`) : none)
              : each;
          const before = state;
          try {
            state = transition(state, change);
          } catch (err) {
            assert.equal(Reflect.get(Object(err), 'code'), 'ERR_TRANSITION');
          }
          assert.ok(state.run >= before.run);
          if (state.run === before.run) assert.ok(state.oom.kills >= before.oom.kills, 'facts of a run only grow');
          // Each victim carries the number of its run.
          assert.ok(state.oom.victims.every(({ process }) => process === `of run ${state.run}`));
          assert.equal(state.pid > 0, state.status === 'running' || state.status === 'paused');
          assert.equal(state.oom.killed, state.oom.kills > 0);
          if (state.status === 'created') assert.equal(state.run, 0);
          if (state.status === 'exited' || state.status === 'restarting') assert.notEqual(state.finishedAt, '');
        }
      }),
    );
  });
});

describe('inspectState', () => {
  it('shows the flags as Docker does', () => {
    const flags = STATUSES.map((status) => {
      const { Status, Running, Paused, Restarting, Dead, Pid } = inspectState(IN[status]);
      return [Status, Running, Paused, Restarting, Dead, Pid];
    });
    assert.deepEqual(flags, [
      ['created', false, false, false, false, 0],
      ['running', true, false, false, false, 101],
      ['paused', true, true, false, false, 101],
      ['restarting', true, false, true, false, 0],
      ['removing', false, false, false, false, 0],
      ['exited', false, false, false, false, 0],
      ['dead', false, false, false, true, 0],
    ]);
  });

  it('shows times that never were as Go writes them, and health only where there is a check', () => {
    const shown = inspectState(NEW_STATE);
    assert.deepEqual([shown.StartedAt, shown.FinishedAt], ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z']);
    assert.ok(!('Health' in shown));
    const health = { Status: 'starting', FailingStreak: 0, Log: [] } as const;
    const running = inspectState(after(started(1, killedBy('init')), { kind: 'health', health }));
    assert.deepEqual([running.Health, running.StartedAt, running.OOMKilled], [health, T1, true]);
  });
});
