import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { NotFoundError } from '../../errdefs/index.js';
import { createLogger } from '../../log/logger.js';
import type { HealthConfig } from '../../oci/config/container-config.js';
import type { HealthState } from '../state/record.js';
import { HealthMonitor, type HealthMonitorOptions } from './health-monitor.js';
import type { ProbeRequest, ProbeResult } from './probe.js';

const START_MS = Date.parse('2024-05-01T12:00:00Z');
const SECOND_NS = 1_000_000_000;
const flush = () => new Promise((resolve) => setImmediate(resolve));

/** A probe whose outcomes are given one by one. */
class Bench {
  readonly requests: ProbeRequest[] = [];
  readonly states: HealthState[] = [];
  readonly monitor: HealthMonitor;
  #settle: ((result: ProbeResult | Error) => void) | undefined;

  constructor(health: HealthConfig, options: Partial<HealthMonitorOptions> = {}) {
    this.monitor = new HealthMonitor({
      config: { Healthcheck: { Test: ['CMD', 'check'], ...health } },
      probe: (request) => {
        this.requests.push(request);
        return new Promise((resolve, reject) => {
          this.#settle = (result) => (result instanceof Error ? reject(result) : resolve(result));
        });
      },
      onChange: (state) => this.states.push(state),
      log: createLogger({ level: 'silent' }),
      ...options,
    });
  }

  get state(): HealthState {
    return this.monitor.state;
  }

  /** Time passes; then no more than one probe can have begun. */
  async tick(ms: number): Promise<void> {
    mock.timers.tick(ms);
    await flush();
  }

  async end(result: number | Error, output = ''): Promise<void> {
    this.#settle?.(result instanceof Error ? result : { exitCode: result, output });
    await flush();
  }

  async round(ms: number, exitCode: number): Promise<string> {
    const before = this.requests.length;
    await this.tick(ms);
    assert.equal(this.requests.length, before + 1, `a probe after ${ms} ms`);
    await this.end(exitCode);
    return `${this.state.Status} ${this.state.FailingStreak}`;
  }
}

describe('HealthMonitor', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START_MS }));
  afterEach(() => mock.timers.reset());

  it('probes after every interval, counted from the end of the last', async () => {
    const bench = new Bench({ Interval: 10 * SECOND_NS, Timeout: 3 * SECOND_NS });
    bench.monitor.start();
    bench.monitor.start();
    await bench.tick(9_999);
    assert.equal(bench.requests.length, 0);
    await bench.tick(1);
    const [request] = bench.requests;
    assert.ok(request !== undefined);
    assert.deepEqual([request.args, request.timeoutMs, request.maxOutputBytes], [['check'], 3_000, 4_096]);
    await bench.tick(60_000);
    assert.equal(bench.requests.length, 1, 'never two at once');
    await bench.end(0, 'fine');
    assert.deepEqual(bench.state, {
      Status: 'healthy',
      FailingStreak: 0,
      Log: [{ Start: '2024-05-01T12:00:10.000Z', End: '2024-05-01T12:01:10.000Z', ExitCode: 0, Output: 'fine' }],
    });
    await bench.tick(9_999);
    assert.equal(bench.requests.length, 1);
    await bench.tick(1);
    assert.equal(bench.requests.length, 2);
    const stopped = bench.monitor.stop();
    await bench.end(0);
    await stopped;
  });

  it('is starting until retries are used up, then unhealthy until a success', async () => {
    const bench = new Bench({ Interval: SECOND_NS });
    assert.equal(bench.state.Status, 'starting');
    bench.monitor.start();
    const outcomes: string[] = [];
    for (const code of [1, 2, 1, 1, 0, 1, 1, 0]) outcomes.push(await bench.round(1_000, code));
    assert.deepEqual(outcomes, [
      'starting 1',
      'starting 2',
      'unhealthy 3',
      'unhealthy 4',
      'healthy 0',
      'healthy 1',
      'healthy 2',
      'healthy 0',
    ]);
    assert.equal(bench.states.length, 8);
    assert.equal(bench.state.Log.length, 5);
    assert.deepEqual(
      bench.state.Log.map(({ ExitCode }) => ExitCode),
      [1, 0, 1, 1, 0],
    );
    await bench.monitor.stop();
  });

  it('does not count failures of the start period, and probes more often in it', async () => {
    const bench = new Bench({
      Interval: 10 * SECOND_NS,
      StartPeriod: 5 * SECOND_NS,
      StartInterval: 2 * SECOND_NS,
      Retries: 1,
    });
    bench.monitor.start();
    assert.equal(await bench.round(2_000, 1), 'starting 0');
    assert.equal(await bench.round(2_000, 1), 'starting 0');
    assert.equal(await bench.round(2_000, 1), 'unhealthy 1');
    assert.equal(await bench.round(10_000, 0), 'healthy 0');
    await bench.monitor.stop();
  });

  it('counts failures of the start period after a success', async () => {
    const bench = new Bench({
      Interval: 4 * SECOND_NS,
      StartPeriod: 60 * SECOND_NS,
      StartInterval: SECOND_NS,
      Retries: 1,
    });
    bench.monitor.start();
    assert.equal(await bench.round(1_000, 0), 'healthy 0');
    assert.equal(await bench.round(4_000, 1), 'unhealthy 1');
    await bench.monitor.stop();
  });

  it('counts the start period from the start of the run', async () => {
    const startedAt = new Date(START_MS - 60_000);
    const bench = new Bench({ Interval: SECOND_NS, StartPeriod: 30 * SECOND_NS, Retries: 1 }, { startedAt });
    bench.monitor.start();
    assert.equal(await bench.round(1_000, 1), 'unhealthy 1');
    await bench.monitor.stop();
  });

  it('takes a probe that rejects for a failure, and goes on', async () => {
    const bench = new Bench({ Interval: SECOND_NS, Retries: 2 });
    bench.monitor.start();
    await bench.tick(1_000);
    await bench.end(new NotFoundError('start the check', { cause: new Error('no such file') }));
    assert.deepEqual(
      bench.state.Log.map(({ ExitCode, Output }) => [ExitCode, Output]),
      [[-1, 'start the check: no such file']],
    );
    assert.equal(await bench.round(1_000, 1), 'unhealthy 2');
    await bench.monitor.stop();
  });

  it('keeps no more than 4096 bytes of an output', async () => {
    const bench = new Bench({ Interval: SECOND_NS });
    bench.monitor.start();
    await bench.tick(1_000);
    await bench.end(0, 'é'.repeat(5_000));
    const [result] = bench.state.Log;
    assert.ok(result !== undefined && Buffer.byteLength(result.Output) <= 4_096 && result.Output.endsWith('é...'));
    await bench.monitor.stop();
  });

  it('survives a listener that throws', async () => {
    const onChange = () => {
      throw new Error('listener');
    };
    const bench = new Bench({ Interval: SECOND_NS }, { onChange });
    bench.monitor.start();
    await bench.round(1_000, 0);
    assert.equal(await bench.round(1_000, 1), 'healthy 1');
    await bench.monitor.stop();
  });

  it('cancels a probe under way when it stops, and tells nothing more', async () => {
    const bench = new Bench({ Interval: SECOND_NS });
    bench.monitor.start();
    await bench.tick(1_000);
    let isStopped = false;
    const stopped = bench.monitor.stop().then(() => {
      isStopped = true;
    });
    assert.equal(bench.requests[0]?.signal.aborted, true);
    await flush();
    assert.equal(isStopped, false, 'it waits for the probe');
    await bench.end(1);
    await stopped;
    assert.deepEqual([bench.states, bench.state.Log], [[], []]);
    await bench.tick(60_000);
    assert.equal(bench.requests.length, 1);
    await bench.monitor.stop();
  });

  it('does not wait for ever for a probe that does not end', async () => {
    const bench = new Bench({ Interval: SECOND_NS });
    bench.monitor.start();
    await bench.tick(1_000);
    let isStopped = false;
    const stopped = bench.monitor.stop().then(() => {
      isStopped = true;
    });
    await bench.tick(29_999);
    assert.equal(isStopped, false);
    await bench.tick(1);
    await stopped;
  });

  it('goes on where it was when it is started again', async () => {
    const bench = new Bench({ Interval: SECOND_NS });
    bench.monitor.start();
    await bench.round(1_000, 0);
    await bench.monitor.stop();
    await bench.tick(60_000);
    bench.monitor.start();
    assert.equal(bench.state.Status, 'healthy');
    assert.equal(await bench.round(1_000, 1), 'healthy 1');
    await bench.monitor.stop();
  });

  it('begins anew after another monitor, with its results', async () => {
    const Log = [{ Start: '', End: '', ExitCode: 1, Output: 'old' }];
    const bench = new Bench({ Interval: SECOND_NS }, { initial: { Status: 'unhealthy', FailingStreak: 7, Log } });
    assert.deepEqual(bench.state, { Status: 'starting', FailingStreak: 0, Log });
  });

  it('does nothing where no check is configured', async () => {
    const bench = new Bench({ Test: ['NONE'] });
    bench.monitor.start();
    await bench.tick(600_000);
    assert.equal(bench.requests.length, 0);
    assert.equal(bench.state.Status, 'none');
    await bench.monitor.stop();
  });

  it('waits out an interval that no timer can hold', async () => {
    const bench = new Bench({ Interval: 400 * 86_400 * SECOND_NS });
    bench.monitor.start();
    await bench.tick(1_000);
    assert.equal(bench.requests.length, 0);
    await bench.monitor.stop();
  });
});
