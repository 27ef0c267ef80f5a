import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { CONTAINER_STARTS } from '../telemetry/observations.js';
import { MetricsLog } from './metrics-log.js';
import { countOpenFds } from './open-fds.js';
import { EngineStub, LogStub, NO_CONTAINERS } from './testing/engine-stub.js';

const INTERVAL_MS = 60_000;

function open(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const [engine, log] = [new EngineStub(), new LogStub()];
  const metrics = MetricsLog.start({ engine, log, intervalMs: INTERVAL_MS });
  t.after(() => metrics.close());
  return { engine, log, metrics };
}

/** A table is printed when the open files are counted, which takes a few turns of the event loop. */
async function printed(log: LogStub, lines: number): Promise<void> {
  while (log.lines.length < lines) await new Promise((resolve) => setImmediate(resolve));
}

describe('MetricsLog', () => {
  it('prints the table at each interval, and not before', { timeout: 10_000 }, async (t) => {
    const { engine, log } = open(t);
    engine.current = {
      ...engine.current,
      containers: { ...NO_CONTAINERS, running: 2, paused: 1, exited: 5 },
      events: [
        { type: 'container', action: 'start', count: 3 },
        { type: 'volume', action: 'create', count: 4 },
      ],
      eventSubscribers: 6,
    };
    CONTAINER_STARTS.publish({ engineId: engine.id, outcome: 'ok', durationMs: 50 });
    CONTAINER_STARTS.publish({ engineId: 'another', outcome: 'ok', durationMs: 5_000 });
    t.mock.timers.tick(INTERVAL_MS - 1);
    assert.equal(log.lines.length, 0);
    t.mock.timers.tick(1);
    await printed(log, 25);
    const [first, count] = log.lines;
    assert.deepEqual([first, count], ['timer container-start-time', '  count:               1']);
    const rows = log.lines.flatMap((line, i) => (line.startsWith('counter') ? [line, log.lines[i + 1]?.trim()] : []));
    assert.deepEqual(
      rows.map((row) => row?.replace(/ +/, ' ')),
      ['counter containers', 'count: 3', 'counter events', 'count: 7', 'counter events-subscribers', 'count: 6'],
    );
    assert.deepEqual(
      log.lines.filter((line) => line.startsWith('gauge')),
      ['gauge active-resources', 'gauge fds'],
    );
    t.mock.timers.tick(INTERVAL_MS);
    await printed(log, 50);
    assert.equal(log.lines.length, 50);
  });

  it('prints nothing after its end, also when a table was being made', async (t) => {
    const { log, metrics } = open(t);
    t.mock.timers.tick(INTERVAL_MS);
    metrics.close();
    metrics.close();
    t.mock.timers.tick(INTERVAL_MS * 3);
    // Asked for later, so there later than what the table waits for.
    for (let i = 0; i < 5; i++) await countOpenFds();
    assert.equal(log.lines.length, 0);
    assert.equal(CONTAINER_STARTS.hasSubscribers, false);
  });

  for (const intervalMs of [0, -1, Number.NaN, 2 ** 31]) {
    it(`refuses an interval of ${intervalMs} ms`, () => {
      const options = { engine: new EngineStub(), log: new LogStub(), intervalMs };
      assert.throws(() => MetricsLog.start(options), { code: 'ERR_OPTION_INVALID' });
    });
  }
});
