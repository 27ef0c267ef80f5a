import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { createLogger } from '../../log/logger.js';
import type { KernelOomKill, OomKillLog } from '../../oom/kernel-log.js';
import type { MemoryCgroup } from '../../oom/memory-cgroup.js';
import type { Metrics } from '../../stats/metrics.js';
import type { OomFacts } from '../state/record.js';
import { type OomGrowth, RunOom, type RunOomOptions } from './run-oom.js';

const PATH = '/docker/web';
const INIT_PID = 100;
const T0 = Date.UTC(2026, 0, 1);

/** A kernel's log as the test writes it. */
class FakeLog implements OomKillLog {
  readonly entries: KernelOomKill[] = [];
  mark = -1;

  write(pid: number, where = PATH, killed = true): void {
    const cgroup = where === 'left out' ? undefined : where;
    this.entries.push({ sequence: this.entries.length, pid, name: 'sh', cgroup, killed });
  }

  async kills(): Promise<readonly KernelOomKill[]> {
    this.mark = this.entries.length - 1;
    return [...this.entries];
  }
}

describe('RunOom', () => {
  let folder: string;
  let cgroup: MemoryCgroup;
  let changes: { facts: OomFacts; added: OomGrowth }[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'run-oom-'));
    cgroup = { version: 2, folder, path: PATH };
    changes = [];
    setCounter(0);
  });
  afterEach(() => {
    mock.timers.reset();
    rmSync(folder, { recursive: true, force: true });
  });

  function setCounter(kills: number | undefined): void {
    if (kills === undefined) rmSync(join(folder, 'memory.events'), { force: true });
    else writeFileSync(join(folder, 'memory.events'), `oom_kill ${kills}\n`);
  }

  function make(options: Partial<RunOomOptions> = {}): RunOom {
    return new RunOom({
      containerId: 'web',
      run: 1,
      cgroup,
      onChange: (facts, added) => changes.push({ facts, added }),
      log: createLogger(),
      now: () => new Date(T0),
      ...options,
    });
  }

  const names = (facts: OomFacts) => facts.victims.map(({ process, pid }) => (pid ? `${process} ${pid}` : process));

  /** Lets the confirming of an event go on for so long. */
  async function pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at++) {
      mock.timers.tick(1);
      await turn();
    }
  }

  it('knows of a kill at once when it hears of it, and tells it once', async () => {
    const run = make();
    setCounter(1);
    run.heard();
    assert.equal(run.facts.killed, true);
    await run.processExited('exec e', 137, 7);
    await run.settle({ hadGap: false });
    assert.deepEqual(
      changes.map(({ added }) => [added.kills, added.victims.map(({ process }) => process)]),
      [
        [1, ['unknown']],
        [0, ['exec e']],
      ],
    );
    assert.deepEqual(run.facts, {
      killed: true,
      kills: 1,
      victims: [{ process: 'exec e', at: new Date(T0).toISOString() }],
    });
  });

  it('takes an event for no kill when the counter does not move', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const run = make();
    run.heard();
    await pass(1200);
    assert.deepEqual(run.facts, { killed: false, kills: 0, victims: [] });
    // Neither does it count later, when nobody can be asked any more.
    await run.settle({ exitCode: 0, hadGap: false });
    setCounter(undefined);
    run.heard();
    await turn();
    assert.equal(run.facts.killed, false);
    assert.deepEqual(changes, []);
  });

  it('waits for a counter that is behind the event', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const run = make();
    run.heard();
    await pass(100);
    assert.equal(run.facts.killed, false);
    setCounter(1);
    await pass(100);
    assert.equal(run.facts.killed, true);
    assert.equal(changes.length, 1);
  });

  it('gives each event the whole time to be confirmed', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const run = make();
    run.heard();
    await pass(800);
    run.heard();
    await pass(600);
    setCounter(1);
    await pass(400);
    assert.equal(run.facts.kills, 1);
  });

  it('takes init, not what died with it, for the one that was killed', async () => {
    const run = make();
    setCounter(1);
    await run.processExited('exec e', 137, 7, new Date(T0));
    await run.processExited('init', 137, INIT_PID, new Date(T0 + 20));
    assert.deepEqual(names(run.facts), ['init']);
    const later = make();
    await later.processExited('exec e', 137, 7, new Date(T0));
    await later.processExited('init', 137, INIT_PID, new Date(T0 + 60_000));
    assert.deepEqual(names(later.facts), ['exec e']);
  });

  it('settles only when such a counter was waited for', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const run = make();
    run.heard();
    const settled = run.settle({ exitCode: 0, hadGap: false });
    await pass(50);
    setCounter(1);
    await pass(300);
    assert.equal((await settled).kills, 1);
  });

  it('finds a kill of which it never heard, at the exit of init and of a killed exec', async () => {
    const first = make();
    setCounter(1);
    await first.processExited('init', 137, INIT_PID);
    assert.deepEqual(names(first.facts), ['init']);
    const second = make();
    await second.processExited('exec e', 137, 7);
    assert.deepEqual(names(second.facts), ['exec e']);
    const third = make();
    await third.processExited('exec e', 1, 7);
    assert.equal(third.facts.killed, false);
    assert.equal((await third.settle({ exitCode: 0, hadGap: false })).killed, true);
  });

  it('is no kill when a process exits with 137 and the counter stands', async () => {
    const run = make();
    await run.processExited('init', 137, INIT_PID);
    assert.deepEqual(await run.settle({ exitCode: 137, hadGap: false }), { killed: false, kills: 0, victims: [] });
  });

  it('does not count what was in the counter before the run', async () => {
    setCounter(4);
    const run = make({ cgroup: undefined });
    run.setCgroup(cgroup, 4);
    await run.processExited('init', 0, INIT_PID);
    assert.equal(run.facts.killed, false);
    setCounter(6);
    assert.equal((await run.settle({ exitCode: 0, hadGap: false })).kills, 2);
  });

  it('does not mark the next run by an event that is late', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const old = make();
    setCounter(1);
    await old.settle({ exitCode: 137, hadGap: false });
    setCounter(0);
    const next = make({ run: 2 });
    next.heard();
    await pass(1200);
    assert.equal(old.facts.killed, true);
    assert.equal(next.facts.killed, false);
  });

  it('goes on from what it knew before a restart of the engine', async () => {
    const known: OomFacts = { killed: true, kills: 1, victims: [{ process: 'exec e', at: 'then' }] };
    const run = make({ known });
    setCounter(1);
    assert.deepEqual(await run.settle({ hadGap: true }), known);
    assert.deepEqual(changes, []);
    setCounter(2);
    await run.settle({ hadGap: true });
    assert.deepEqual([run.facts.kills, names(run.facts)], [2, ['exec e', 'unknown']]);
    assert.equal(run.facts.victims[0]?.at, 'then');
  });

  it('keeps what it knew when the cgroup is gone, and counts further events', async () => {
    const run = make({ known: { killed: true, kills: 1, victims: [] }, cgroup: undefined });
    assert.equal((await run.settle({ hadGap: true })).kills, 1);
    run.heard();
    await turn();
    assert.equal(run.facts.kills, 2);
  });

  describe('where the cgroup cannot be seen', () => {
    const metrics = (oomKill: bigint): Metrics => {
      const readAt = new Date(T0);
      const memoryEvents = { low: 0n, high: 0n, max: 0n, oom: 0n, oomKill, oomGroupKill: 0n };
      const none = undefined;
      const rest = { pids: none, cpu: none, memory: none, rdma: none, io: none, hugetlb: [], network: [] };
      const data = { ...rest, memoryEvents };
      return { kind: 'cgroup2', readAt, data };
    };
    let asked: number;
    const stats = async () => {
      asked += 1;
      return metrics(2n);
    };
    beforeEach(() => {
      asked = 0;
    });

    it('believes events', async () => {
      const run = make({ cgroup: undefined });
      run.heard();
      assert.equal(run.facts.kills, 1);
      run.heard();
      await turn();
      assert.equal(run.facts.kills, 2);
    });

    it('asks the backend once, and only after a 137 or a gap', async () => {
      await make({ cgroup: undefined, stats }).settle({ exitCode: 0, hadGap: false });
      assert.equal(asked, 0);
      const killed = make({ cgroup: undefined, stats });
      assert.equal((await killed.settle({ exitCode: 137, hadGap: false })).kills, 2);
      assert.equal(asked, 1);
      killed.heard();
      await turn();
      assert.equal(killed.facts.kills, 2);
      assert.equal((await make({ cgroup: undefined, stats }).settle({ hadGap: true })).kills, 2);
      assert.equal(asked, 2);
      const withExec = make({ cgroup: undefined, stats });
      await withExec.processExited('exec e', 137, 7);
      assert.equal((await withExec.settle({ exitCode: 0, hadGap: false })).kills, 2);
      assert.equal(asked, 3);
    });

    it('asks nobody where it can read', async () => {
      await make({ stats }).settle({ exitCode: 137, hadGap: true });
      assert.equal(asked, 0);
    });

    it('settles when the backend fails, or does not answer in time', async () => {
      const failing = make({ cgroup: undefined, stats: () => Promise.reject(new Error('no')) });
      assert.equal((await failing.settle({ exitCode: 137, hadGap: false })).killed, false);
      mock.timers.enable({ apis: ['setTimeout'] });
      const hanging = make({ cgroup: undefined, stats: () => new Promise(() => {}) });
      const settled = hanging.settle({ exitCode: 137, hadGap: false }, { timeoutMs: 100 });
      await pass(110);
      assert.equal((await settled).killed, false);
    });
  });

  describe("with the kernel's log", () => {
    it('names who was killed, by pid', async () => {
      const kernelLog = new FakeLog();
      const run = make({ kernelLog });
      setCounter(2);
      kernelLog.write(7);
      kernelLog.write(8, `${PATH}/child`);
      kernelLog.write(9, `${PATH}-other`);
      // Ended by a signal, while a child of it was killed.
      await run.processExited('init', 137, INIT_PID);
      await run.processExited('exec e', 137, 7);
      assert.deepEqual(
        run.facts.victims.map(({ process, pid, cgroup: path }) => [process, pid, path]),
        [
          ['exec e', 7, PATH],
          ['unknown', 8, `${PATH}/child`],
        ],
      );
    });

    it('leaves older runs of the same cgroup path out', async () => {
      const kernelLog = new FakeLog();
      kernelLog.write(7);
      await kernelLog.kills();
      const run = make({ kernelLog });
      setCounter(1);
      await run.settle({ exitCode: 0, hadGap: false });
      assert.deepEqual(names(run.facts), ['unknown']);
      kernelLog.write(8);
      await run.settle({ exitCode: 0, hadGap: false });
      assert.deepEqual(names(run.facts), ['unknown 8']);
      // Found after a restart there is no mark: the newest are its own.
      const restored = make({ kernelLog, known: { killed: false, kills: 0, victims: [] } });
      await restored.settle({ hadGap: true });
      assert.deepEqual(names(restored.facts), ['unknown 8']);
    });

    it('knows a killed process by its pid when the log leaves out the cgroup', async () => {
      const kernelLog = new FakeLog();
      const run = make({ kernelLog });
      setCounter(1);
      kernelLog.write(7, 'left out');
      kernelLog.write(55, 'left out');
      await run.processExited('exec e', 137, 7);
      assert.deepEqual(names(run.facts), ['exec e 7']);
    });

    it('finds a kill in a cgroup that was removed with its last process', async () => {
      const kernelLog = new FakeLog();
      const run = make({ kernelLog });
      setCounter(undefined);
      kernelLog.write(INIT_PID);
      kernelLog.write(101, PATH, false);
      await run.processExited('init', 137, INIT_PID);
      assert.equal(run.facts.killed, false);
      const facts = await run.settle({ exitCode: 137, hadGap: false });
      assert.deepEqual([facts.kills, names(facts)], [1, ['unknown 101']]);
    });
  });

  it('tells nothing after close, and survives a listener that throws', async () => {
    const run = make({
      onChange: () => {
        throw new Error('listener');
      },
    });
    setCounter(1);
    assert.equal((await run.settle({ hadGap: true })).kills, 1);
    const closed = make();
    closed.close();
    setCounter(2);
    await closed.settle({ hadGap: true });
    assert.equal(closed.facts.kills, 2);
    assert.deepEqual(changes, []);
  });

  /** What happened, and what is told of it. */
  interface World {
    /** Who was OOM-killed; the others exit in their own way. */
    readonly killed: readonly string[];
    readonly signalled: readonly string[];
    readonly order: readonly number[];
    readonly counter: boolean;
    readonly log: boolean;
    readonly settleAt: number;
  }
  const PIDS: Readonly<Record<string, number>> = { init: INIT_PID, 'exec a': 7, 'exec b': 8, child: 9, grandchild: 10 };
  const processes = Object.keys(PIDS);
  const isKnown = (process: string) => process === 'init' || process.startsWith('exec');

  const world: fc.Arbitrary<World> = fc
    .record({
      killed: fc.subarray(processes),
      signalled: fc.subarray(processes.filter(isKnown)),
      order: fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
      counter: fc.boolean(),
      log: fc.boolean(),
      settleAt: fc.nat(10),
    })
    .map((w) => ({ ...w, signalled: w.signalled.filter((process) => !w.killed.includes(process)) }));

  /** The kernel acts before anything is told of it; apart from that, `order` decides. */
  async function play(w: World): Promise<OomFacts> {
    const kernelLog = new FakeLog();
    const acted = new Set<string>();
    setCounter(0);
    const run = make({ cgroup: w.counter ? cgroup : undefined, ...(w.log ? { kernelLog } : {}) });
    const act = (victim: string) => {
      if (acted.has(victim)) return;
      setCounter(acted.add(victim).size);
      kernelLog.write(PIDS[victim] ?? 0);
    };
    const exit = (who: string) => run.processExited(who, 137, PIDS[who] ?? 0, new Date(T0 + processes.indexOf(who)));
    const told = [
      ...w.killed.map((victim) => () => {
        act(victim);
        run.heard();
      }),
      ...w.killed.filter(isKnown).map((victim) => () => {
        act(victim);
        return exit(victim);
      }),
      ...w.signalled.map((process) => () => exit(process)),
    ];
    const shuffled = told.map((tell, i) => ({ tell, key: w.order[i] ?? 0 })).sort((a, b) => a.key - b.key);
    let before: OomFacts = run.facts;
    for (const [i, { tell }] of shuffled.entries()) {
      await tell();
      if (i === w.settleAt) await run.settle({ hadGap: false });
      assert.ok(run.facts.kills >= before.kills && (run.facts.killed || !before.killed), 'facts only grow');
      before = run.facts;
    }
    for (const victim of w.killed) act(victim);
    return run.settle({ exitCode: w.killed.includes('init') ? 137 : 0, hadGap: false });
  }

  const sorted = (facts: OomFacts) => ({ ...facts, victims: names(facts).sort() });

  it('ends with the same facts whatever the order of events and exits', async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.array(fc.nat(), { minLength: 20, maxLength: 20 }), async (w, order) => {
        const facts = sorted(await play(w));
        assert.deepEqual(sorted(await play({ ...w, order, settleAt: 0 })), facts);
        assert.equal(facts.kills, w.killed.length);
        assert.equal(facts.killed, w.killed.length > 0);
        if (!w.log || !w.counter) return;
        const truth = w.killed.map((process) => `${isKnown(process) ? process : 'unknown'} ${PIDS[process]}`);
        assert.deepEqual(facts.victims, truth.sort());
      }),
      { numRuns: 150 },
    );
  });

  it('adds up to what it told', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (w) => {
        changes = [];
        const facts = await play(w);
        assert.equal(
          changes.reduce((sum, { added }) => sum + added.kills, 0),
          facts.kills,
        );
        assert.deepEqual(changes.at(-1)?.facts ?? facts, facts);
        for (const victim of facts.victims) {
          assert.ok(changes.some(({ added }) => added.victims.some((other) => other.process === victim.process)));
        }
      }),
      { numRuns: 60 },
    );
  });
});
