import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { DeadlineExceededError } from '../../errdefs/index.js';
import { createLogger } from '../../log/logger.js';
import { type SampleContext, sampleMany } from './stats.js';

const TYPE = 'io.containerd.cgroups.v1.Metrics';
const NOON = 1_000_000_000_000;
const CALL = { timeoutMs: 5_000 };

/** A containerd in memory whose answer waits for the slowest shim that is asked. */
class Tasks {
  readonly hung = new Set<string>();
  readonly types = new Map<string, string>();
  /** The ids of each call. */
  readonly calls: string[][] = [];
  #nowMs = 0;

  now(): number {
    return this.#nowMs;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }

  async metrics(
    { filters }: { readonly filters: readonly string[] },
    call?: { readonly timeoutMs?: number | undefined },
  ) {
    const ids = filters.map((filter) => /^id=="(.*)"$/.exec(filter)?.[1] ?? '');
    this.calls.push(ids);
    if (ids.some((id) => this.hung.has(id))) {
      this.pass(call?.timeoutMs ?? 0);
      throw new DeadlineExceededError('sample: not done in time');
    }
    const data = (id: string) => ({ typeUrl: this.types.get(id) ?? TYPE, value: Buffer.alloc(0) });
    return { metrics: ids.map((id) => ({ timestamp: new Date(), id, data: data(id) })) };
  }

  async get() {
    return { process: undefined };
  }
}

describe('sampling many tasks', () => {
  let tasks: Tasks;
  let logged: { level: string; containerId?: string }[];
  let context: SampleContext;

  beforeEach(() => {
    tasks = new Tasks();
    mock.method(performance, 'now', () => tasks.now());
    mock.timers.enable({ apis: ['Date'], now: NOON });
    logged = [];
    const destination = { write: (line: string) => void logged.push(JSON.parse(line)) };
    context = {
      namespace: 'test',
      slowTasks: new Map(),
      unreadableMetrics: new Set(),
      log: createLogger({ level: 'debug', destination }),
      tasks,
      table: { runs: () => [] },
    };
  });
  afterEach(() => {
    mock.restoreAll();
    mock.timers.reset();
  });

  const sample = async (...ids: string[]) => [...(await sampleMany(context, ids, CALL)).keys()].sort();

  it('leaves a task alone for a while whose shim hangs while others answer', async () => {
    tasks.hung.add('b');
    assert.deepEqual(await sample('a', 'b', 'c'), ['a', 'c']);
    tasks.calls.length = 0;
    tasks.hung.clear();
    assert.deepEqual(await sample('a', 'b', 'c'), ['a', 'c']);
    assert.deepEqual(tasks.calls, [['a', 'c']]);
    tasks.pass(30_000);
    await sample('a', 'b', 'c');
    assert.deepEqual(await sample('a', 'b', 'c'), ['a', 'b', 'c']);
  });

  it('asks for one that was left out beside the others, which do not wait for it', async () => {
    tasks.hung.add('b');
    await sample('a', 'b');
    for (let round = 0; round < 2; round++) {
      tasks.pass(30_000);
      tasks.calls.length = 0;
      const before = tasks.now();
      assert.deepEqual(await sample('a', 'b'), ['a']);
      assert.deepEqual(tasks.calls, [['b'], ['a']]);
      assert.deepEqual(await sample('a', 'b'), ['a']);
      assert.deepEqual(tasks.calls.slice(2), [['a']]);
      // Of b alone, in the fake's time.
      assert.equal(tasks.now() - before, 2_000);
    }
  });

  it('counts that while by no clock that can be set', async () => {
    tasks.hung.add('b');
    await sample('a', 'b');
    tasks.hung.clear();
    mock.timers.setTime(NOON - 3_600_000);
    tasks.pass(30_000);
    await sample('a', 'b');
    assert.deepEqual(await sample('a', 'b'), ['a', 'b']);
  });

  it('samples all again as soon as a backend answers that was away as a whole', async () => {
    for (const id of ['a', 'b']) tasks.hung.add(id);
    assert.deepEqual(await sample('a', 'b'), []);
    tasks.hung.clear();
    assert.deepEqual(await sample('a', 'b'), ['a', 'b']);
  });

  it('warns once of metrics that it cannot read, and has those of all others', async () => {
    tasks.types.set('b', 'io.containerd.cgroups.v9.Metrics');
    for (let tick = 0; tick < 3; tick++) assert.deepEqual(await sample('a', 'b'), ['a']);
    const told = logged.map(({ level, containerId }) => [level, containerId]);
    assert.deepEqual(told, [
      ['warn', 'b'],
      ['debug', 'b'],
      ['debug', 'b'],
    ]);
  });
});
