import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { CONTAINER_STARTS, OOM_KILLS, SHIM_STARTS } from '../telemetry/observations.js';
import { RPCS, RpcCounter } from '../telemetry/rpc.js';
import { EngineCollector } from './engine-collector.js';
import { Exposition } from './exposition.js';
import { EngineStub, LogStub, NO_CONTAINERS } from './testing/engine-stub.js';

function open(t: TestContext, engine = new EngineStub()) {
  const log = new LogStub();
  const collector = new EngineCollector(engine, { log });
  t.after(() => collector.close());
  const exposition = new Exposition({ engine: collector }, { log });
  /** Series by name and labels, as they are shown. */
  const scrape = async () => {
    const lines = (await exposition.scrape()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
  };
  return { engine, collector, scrape };
}

function familyOf(series: ReadonlyMap<string, number>, name: string): Record<string, number> {
  return Object.fromEntries([...series].filter(([key]) => key === name || key.startsWith(`${name}{`)));
}

describe('EngineCollector', () => {
  it('shows containers by state, those with 0 too', async (t) => {
    const { engine, scrape } = open(t);
    engine.current = { ...engine.current, containers: { ...NO_CONTAINERS, running: 2, exited: 1 } };
    assert.deepEqual(familyOf(await scrape(), 'engine_containers'), {
      'engine_containers{state="created"}': 0,
      'engine_containers{state="running"}': 2,
      'engine_containers{state="paused"}': 0,
      'engine_containers{state="restarting"}': 0,
      'engine_containers{state="removing"}': 0,
      'engine_containers{state="exited"}': 1,
      'engine_containers{state="dead"}': 0,
    });
  });

  it('shows what the engine says of events, execs and starts, as it is now', async (t) => {
    const { engine, scrape } = open(t);
    engine.current = {
      ...engine.current,
      execsRunning: 1,
      events: [{ type: 'container', action: 'start', count: 2 }],
      eventSubscribers: 3,
      starts: { waiting: 4, underWay: 5 },
    };
    await scrape();
    const series = await scrape();
    const shown = [
      'engine_execs_running',
      'engine_events_total{type="container",action="start"}',
      'engine_event_subscribers',
      'engine_container_starts_waiting',
      'engine_container_starts_under_way',
    ].map((name) => series.get(name));
    assert.deepEqual(shown, [1, 2, 3, 4, 5]);
  });

  it('has no start, kill or call before there was one', async (t) => {
    const { scrape } = open(t);
    const series = await scrape();
    assert.equal(series.get('engine_container_start_duration_seconds_count{outcome="ok"}'), 0);
    assert.equal(series.get('engine_oom_kills_total'), 0);
    assert.deepEqual(
      [...series.keys()].filter((name) => /^engine_(rpc|shim)/.test(name)),
      [],
    );
  });

  it('counts starts and OOM kills of its own engine', async (t) => {
    const { scrape } = open(t);
    for (const engineId of ['engine-1', 'engine-2']) {
      CONTAINER_STARTS.publish({ engineId, outcome: 'ok', durationMs: 60 });
      CONTAINER_STARTS.publish({ engineId, outcome: 'not-found', durationMs: 5 });
      OOM_KILLS.publish({ engineId, containerId: 'c', kills: 2 });
    }
    const series = await scrape();
    const starts = 'engine_container_start_duration_seconds';
    assert.equal(series.get(`${starts}_count{outcome="ok"}`), 1);
    assert.equal(series.get(`${starts}_sum{outcome="ok"}`), 0.06);
    assert.equal(series.get(`${starts}_bucket{le="0.05",outcome="ok"}`), 0);
    assert.equal(series.get(`${starts}_bucket{le="0.075",outcome="ok"}`), 1);
    assert.equal(series.get(`${starts}_count{outcome="not-found"}`), 1);
    assert.equal(series.get('engine_oom_kills_total'), 2);
  });

  it('counts shim starts, and the time of those that succeeded', async (t) => {
    const { scrape } = open(t);
    SHIM_STARTS.publish({ api: 'v2', isWarm: true, isStarted: true, durationMs: 20 });
    SHIM_STARTS.publish({ api: 'v2', isWarm: true, isStarted: false, durationMs: 9_000 });
    SHIM_STARTS.publish({ api: 'v1', isWarm: false, isStarted: true, durationMs: 30 });
    const series = await scrape();
    assert.deepEqual(familyOf(series, 'engine_shim_starts_total'), {
      'engine_shim_starts_total{api="v2",warm="true",outcome="ok"}': 1,
      'engine_shim_starts_total{api="v2",warm="true",outcome="failed"}': 1,
      'engine_shim_starts_total{api="v1",warm="false",outcome="ok"}': 1,
    });
    assert.deepEqual(familyOf(series, 'engine_shim_start_duration_seconds_sum'), {
      'engine_shim_start_duration_seconds_sum{api="v2",warm="true"}': 0.02,
      'engine_shim_start_duration_seconds_sum{api="v1",warm="false"}': 0.03,
    });
  });

  it('counts RPCs, and the time of those that are no streams', async (t) => {
    const { scrape } = open(t);
    const rpcs = new RpcCounter('shim');
    rpcs.begin('Task/Create')(0);
    rpcs.begin('Task/Create')(5);
    rpcs.begin('Events/Subscribe', { isStream: true })(0);
    const series = await scrape();
    assert.deepEqual(familyOf(series, 'engine_rpcs_total'), {
      'engine_rpcs_total{backend="shim",method="Task/Create",code="0"}': 1,
      'engine_rpcs_total{backend="shim",method="Task/Create",code="5"}': 1,
      'engine_rpcs_total{backend="shim",method="Events/Subscribe",code="0"}': 1,
    });
    assert.deepEqual(Object.keys(familyOf(series, 'engine_rpc_duration_seconds_count')), [
      'engine_rpc_duration_seconds_count{backend="shim",method="Task/Create",code="0"}',
      'engine_rpc_duration_seconds_count{backend="shim",method="Task/Create",code="5"}',
    ]);
  });

  it('shows the process as the kernel and Node have it', async (t) => {
    const { scrape } = open(t);
    const series = await scrape();
    const { rss, heapUsed } = process.memoryUsage();
    const near = (name: string, value: number) => {
      const shown = series.get(name) ?? 0;
      assert.ok(shown > value / 2 && shown < value * 2, `${name}: ${shown} is not about ${value}`);
    };
    near('engine_process_resident_memory_bytes', rss);
    near('engine_process_heap_used_bytes', heapUsed);
    assert.ok((series.get('engine_process_open_fds') ?? 0) > 2);
  });

  it('shows active resources by type, and no type of which there are none any more', async (t) => {
    const { scrape } = open(t);
    const timer = setTimeout(() => {}, 1_000_000);
    const name = 'engine_process_active_resources{type="Timeout"}';
    const before = (await scrape()).get(name) ?? 0;
    clearTimeout(timer);
    t.mock.method(process, 'getActiveResourcesInfo', () => []);
    assert.ok(before >= 1);
    assert.deepEqual(familyOf(await scrape(), 'engine_process_active_resources'), {});
  });

  it('lets go of all channels at its end', (t) => {
    const { collector } = open(t);
    const channels = [CONTAINER_STARTS, SHIM_STARTS, OOM_KILLS, RPCS];
    assert.ok(channels.every((channel) => channel.hasSubscribers));
    collector.close();
    collector.close();
    assert.ok(!channels.some((channel) => channel.hasSubscribers));
  });
});
