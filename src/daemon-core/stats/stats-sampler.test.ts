import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { UnavailableError } from '../../errdefs/index.js';
import { createLogger } from '../../log/logger.js';
import { type ContainerStats, ZERO_TIME } from '../../stats/container-stats.js';
import type { SampledRun } from './sampled-container.js';
import { StatsSampler, TICK_MS } from './stats-sampler.js';
import { MemorySource } from './testing/memory-source.js';

/** A container that runs, and can be made to do otherwise. */
class Subject {
  readonly id: string;
  run: SampledRun | undefined = { number: 1, networkPid: undefined };

  constructor(id: string) {
    this.id = id;
  }

  get name(): string {
    return `/${this.id}`;
  }
}

class Listener {
  readonly samples: ContainerStats[] = [];
  ends = 0;
  readonly stop: () => void;

  constructor(sampler: StatsSampler, subject: Subject) {
    const { samples } = this;
    this.stop = sampler.subscribe(subject, {
      next: (stats) => void samples.push(stats),
      end: () => {
        this.ends++;
      },
    });
  }

  get last(): ContainerStats {
    const last = this.samples.at(-1);
    assert.ok(last !== undefined, 'a sample');
    return last;
  }
}

const isEmpty = (stats: ContainerStats) => stats.read === ZERO_TIME;
const cpuOf = (stats: ContainerStats) => stats.cpu_stats.cpu_usage.total_usage ?? 0n;

describe('StatsSampler', () => {
  let source: MemorySource;
  let logged: string[];
  let sampler: StatsSampler;
  const a = () => new Subject('a');
  const b = () => new Subject('b');
  const c = () => new Subject('c');

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    source = new MemorySource();
    logged = [];
    sampler = new StatsSampler(
      source,
      createLogger({ level: 'debug', destination: { write: (line: string) => void logged.push(line) } }),
    );
  });
  afterEach(() => {
    sampler.close();
    mock.timers.reset();
  });

  /** Lets the time pass, and all that then begins come to its end. */
  async function pass(ms: number): Promise<void> {
    mock.timers.tick(ms);
    for (let turns = 0; turns < 4; turns++) await nextTurn();
  }

  it('asks once a tick for all containers, and gives all subscribers of one the same object', async () => {
    const subjects = [a(), b(), c()];
    const listeners = subjects.map((subject) => [new Listener(sampler, subject), new Listener(sampler, subject)]);
    assert.deepEqual([sampler.containers, sampler.subscribers], [3, 6]);
    await pass(0);
    for (let tick = 0; tick < 4; tick++) await pass(TICK_MS);
    assert.deepEqual(source.calls, Array(5).fill(['a', 'b', 'c']));
    for (const pair of listeners) {
      assert.equal(pair[0]?.samples.length, 5);
      for (const [index, sample] of (pair[0]?.samples ?? []).entries()) assert.equal(sample, pair[1]?.samples[index]);
    }
  });

  it('waits a second from the end of a round to the next', async () => {
    const release = source.hold();
    const listener = new Listener(sampler, a());
    await pass(0);
    await pass(TICK_MS * 3);
    assert.equal(source.calls.length, 1, 'no second call beside one that is under way');
    release();
    await pass(0);
    assert.equal(listener.samples.length, 1);
    await pass(TICK_MS - 1);
    assert.equal(source.calls.length, 1);
    await pass(1);
    assert.equal(source.calls.length, 2);
  });

  it('fills precpu with the sample before of the same run, and of no other', async () => {
    const subject = a();
    const listener = new Listener(sampler, subject);
    await pass(0);
    await pass(TICK_MS);
    const [first, second] = listener.samples;
    assert.ok(first !== undefined && second !== undefined);
    assert.deepEqual([first.preread, second.preread], [ZERO_TIME, first.read]);
    assert.deepEqual(second.precpu_stats, first.cpu_stats);
    assert.ok(cpuOf(second) > cpuOf(first));
    subject.run = { number: 2, networkPid: undefined };
    await pass(TICK_MS);
    assert.deepEqual([listener.last.preread, listener.last.precpu_stats.cpu_usage.total_usage], [ZERO_TIME, 0n]);
    assert.ok(!isEmpty(listener.last));
  });

  it('mixes no two runs when it is stopped and started again while it is sampled', async () => {
    const subject = a();
    const listener = new Listener(sampler, subject);
    await pass(0);
    source.before = async () => {
      subject.run = { number: 2, networkPid: undefined };
    };
    await pass(TICK_MS);
    assert.deepEqual([isEmpty(listener.last), logged], [true, []]);
    await pass(TICK_MS);
    assert.deepEqual([isEmpty(listener.last), listener.last.preread], [false, ZERO_TIME]);
  });

  it('compares with the time that the host had when the container was sampled, though the answer came late', async () => {
    mock.timers.reset();
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000_000_000 });
    source.hostCpu = async () => ({ usageNs: 100_000_000_000n, onlineCpus: 2 });
    const listener = new Listener(sampler, a());
    const shown = () => listener.last.cpu_stats.system_cpu_usage;
    source.readAt = new Date(Date.now() - 3_000);
    await pass(0);
    assert.equal(shown(), 94_000_000_000n);
    for (const clockIsOffMs of [-60_000, 60_000]) {
      source.readAt = new Date(Date.now() + TICK_MS + clockIsOffMs);
      await pass(TICK_MS);
      assert.equal(shown(), 100_000_000_000n, 'a clock that was set tells nothing');
    }
  });

  it('gives empty samples while nothing runs, without a call', async () => {
    const subject = a();
    subject.run = undefined;
    const listener = new Listener(sampler, subject);
    await pass(0);
    await pass(TICK_MS);
    assert.deepEqual([source.calls.length, source.reads.length], [0, 0]);
    assert.deepEqual(
      listener.samples.map((each) => [each.id, each.name, isEmpty(each)]),
      [
        ['a', '/a', true],
        ['a', '/a', true],
      ],
    );
    subject.run = { number: 1, networkPid: undefined };
    await pass(TICK_MS);
    assert.deepEqual([isEmpty(listener.last), listener.last.preread], [false, ZERO_TIME]);
  });

  it('reads the time of the host after the containers, once, and networks where there are any', async () => {
    source.interfaces = { eth0: counters(7n) };
    const own = a();
    own.run = { number: 1, networkPid: 42 };
    const [withNetwork, without] = [new Listener(sampler, own), new Listener(sampler, b())];
    await pass(0);
    assert.deepEqual(source.reads, ['metrics', 'host', 'networks of 42']);
    assert.deepEqual(withNetwork.last.networks, { eth0: counters(7n) });
    assert.equal(without.last.networks, undefined);
    assert.deepEqual([without.last.cpu_stats.system_cpu_usage, without.last.cpu_stats.online_cpus], [1_000_000n, 2]);
  });

  it('shows no counters of a process that has the pid of one that ended', async () => {
    const subject = a();
    subject.run = { number: 1, networkPid: 42 };
    source.networks = async () => {
      subject.run = undefined;
      return { eth0: counters(7n) };
    };
    const listener = new Listener(sampler, subject);
    await pass(0);
    assert.equal(listener.last.networks, undefined);
  });

  it('costs others nothing when one has no sample, and tells it once', async () => {
    source.missing.add('b');
    const [good, bad] = [new Listener(sampler, a()), new Listener(sampler, b())];
    await pass(0);
    for (let tick = 0; tick < 3; tick++) await pass(TICK_MS);
    assert.deepEqual(good.samples.map(isEmpty), Array(4).fill(false));
    assert.deepEqual(bad.samples.map(isEmpty), Array(4).fill(true));
    assert.equal(logged.length, 1);
    assert.match(logged[0] ?? '', /"containerId":"b"/);
    source.missing.clear();
    await pass(TICK_MS);
    assert.deepEqual([isEmpty(bad.last), bad.last.preread], [false, ZERO_TIME]);
    source.missing.add('b');
    await pass(TICK_MS);
    assert.equal(logged.length, 2, 'what goes wrong again is told again');
  });

  it('does not call it an error when a container ends while it is sampled', async () => {
    const subject = a();
    source.missing.add('a');
    source.before = async () => {
      subject.run = undefined;
    };
    const listener = new Listener(sampler, subject);
    await pass(0);
    assert.deepEqual([listener.samples.length, isEmpty(listener.last), logged], [1, true, []]);
  });

  it('gives empty samples when the backend fails, tells it once, and goes on', async () => {
    source.before = async () => {
      throw new UnavailableError('containerd is away');
    };
    const [one, two] = [new Listener(sampler, a()), new Listener(sampler, b())];
    await pass(0);
    for (let tick = 0; tick < 3; tick++) await pass(TICK_MS);
    assert.deepEqual(
      [one, two].map(({ samples }) => samples.map(isEmpty)),
      Array(2).fill(Array(4).fill(true)),
    );
    assert.equal(logged.length, 1);
    assert.match(logged[0] ?? '', /containerd is away/);
    source.before = async () => {};
    await pass(TICK_MS);
    assert.deepEqual([isEmpty(one.last), isEmpty(two.last)], [false, false]);
  });

  it('gives up a backend that hangs, and asks again', async () => {
    source.before = () => new Promise(() => {});
    const listener = new Listener(sampler, a());
    await pass(0);
    await pass(10_000);
    assert.deepEqual([listener.samples.length, isEmpty(listener.last)], [1, true]);
    source.before = async () => {};
    await pass(TICK_MS);
    assert.equal(isEmpty(listener.last), false);
  });

  it('leaves nothing when the last subscriber goes, wherever a round is', async () => {
    for (const moment of ['before the first round', 'in a round', 'between rounds']) {
      const release = moment === 'in a round' ? source.hold() : () => {};
      const [stays, goes] = [new Listener(sampler, a()), new Listener(sampler, a())];
      if (moment !== 'before the first round') await pass(0);
      goes.stop();
      assert.deepEqual([sampler.containers, sampler.subscribers], [1, 1]);
      stays.stop();
      stays.stop();
      assert.deepEqual([sampler.containers, sampler.subscribers], [0, 0], moment);
      if (moment === 'in a round') assert.equal(source.signals.at(-1)?.aborted, true, 'the call is given up');
      const calls = source.calls.length;
      release();
      await pass(TICK_MS * 10);
      assert.equal(source.calls.length, calls, `no call ${moment}`);
      assert.deepEqual([stays.ends, goes.ends], [0, 0]);
      source.before = async () => {};
    }
  });

  it('begins a round of its own for who comes while an abandoned one is still under way', async () => {
    const release = source.hold();
    const first = new Listener(sampler, a());
    await pass(0);
    first.stop();
    source.before = async () => {};
    const second = new Listener(sampler, a());
    await pass(0);
    assert.equal(second.samples.length, 1);
    release();
    await pass(0);
    assert.deepEqual([first.samples.length, second.samples.length], [0, 1], 'what comes late is nobody’s');
    await pass(TICK_MS);
    assert.equal(source.calls.length, 3, 'one row of rounds');
  });

  it('has who comes in a round wait for the next, within the second', async () => {
    const first = new Listener(sampler, a());
    await pass(0);
    const late = new Listener(sampler, b());
    await pass(TICK_MS - 1);
    assert.equal(late.samples.length, 0);
    await pass(1);
    assert.equal(late.samples.length, 1);
    assert.deepEqual(source.calls, [['a'], ['a', 'b']]);
    first.stop();
  });

  it('ends the streams of a container that is removed, and no others', async () => {
    const [gone, stays] = [new Listener(sampler, a()), new Listener(sampler, b())];
    await pass(0);
    sampler.end('a');
    sampler.end('a');
    gone.stop();
    await pass(TICK_MS);
    assert.deepEqual([gone.ends, stays.ends, sampler.containers], [1, 0, 1]);
    assert.deepEqual([gone.samples.length, stays.samples.length], [1, 2]);
    // A new container may have its id.
    const again = new Listener(sampler, a());
    gone.stop();
    await pass(TICK_MS);
    assert.deepEqual([again.samples.length, again.last.preread], [1, ZERO_TIME]);
  });

  it('ends all streams when it closes, and those that come later', async () => {
    const [one, two] = [new Listener(sampler, a()), new Listener(sampler, b())];
    await pass(0);
    sampler.close();
    sampler.close();
    const late = new Listener(sampler, c());
    assert.deepEqual([one.ends, two.ends, late.ends, sampler.containers], [1, 1, 1, 0]);
    await pass(TICK_MS * 10);
    assert.equal(source.calls.length, 1);
  });

  it('gives way to others while it samples many', async () => {
    const listeners = Array.from({ length: 200 }, (_, n) => new Listener(sampler, new Subject(`c${n}`)));
    mock.timers.tick(0);
    await nextTurn();
    const seen = listeners.filter(({ samples }) => samples.length > 0).length;
    assert.ok(seen < 200, `${seen} in one turn`);
    await pass(0);
    await pass(0);
    assert.ok(listeners.every(({ samples }) => samples.length === 1));
  });
});

function counters(bytes: bigint) {
  return {
    rx_bytes: bytes,
    rx_packets: 1n,
    rx_errors: 0n,
    rx_dropped: 0n,
    tx_bytes: bytes,
    tx_packets: 1n,
    tx_errors: 0n,
    tx_dropped: 0n,
  };
}
