import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { EngineContainer } from '../../../src/daemon-core/index.js';
import { EngineError } from '../../../src/errdefs/index.js';
import { connect } from '../../../src/libcontainerd/connect.js';
import { type ServedMetrics, serveEngineMetrics } from '../../../src/metrics/serve-engine.js';
import { EngineHost, SLEEP } from '../daemon/engine-host.js';
import { missing } from '../host/requirements.js';
import { TestHost } from '../host/test-host.js';
import { until } from '../host/until.js';
import { type ParsedFamily, parseExposition } from './parse-exposition.js';

const MEMORY = 16 * 1024 * 1024;
const EATER = ['/bin/sh', '-c', 'x=x; while :; do x=$x$x; done'];
const WAIT = { timeoutMs: 20_000 };
const RUNTIME_V1 = 'io.containerd.runtime.v1.linux';

async function scrape({ address }: ServedMetrics): Promise<Map<string, ParsedFamily>> {
  const response = await fetch(`http://${address}/metrics`, { headers: { connection: 'close' } });
  assert.equal(response.status, 200);
  return parseExposition(await response.text());
}

function seriesOf(families: ReadonlyMap<string, ParsedFamily>, name: string): Record<string, number> {
  return Object.fromEntries(families.get(name)?.series ?? []);
}

/** The `_count` of a histogram, by labels. */
function countsOf(families: ReadonlyMap<string, ParsedFamily>, name: string): Record<string, number> {
  const counts = Object.entries(seriesOf(families, name)).filter(([key]) => key.startsWith(`${name}_count`));
  return Object.fromEntries(counts.map(([key, count]) => [key.slice(`${name}_count`.length), count]));
}

/** Sorted, so that they can be compared. */
function containersIn(families: ReadonlyMap<string, ParsedFamily>): string[] {
  const ids = [...families].flatMap(([name, { series }]) =>
    name.startsWith('container_') ? [...series.keys()].map((key) => /container_id="([^"]*)"/.exec(key)?.[1] ?? '') : [],
  );
  return [...new Set(ids)].sort();
}

function idsOf(containers: readonly EngineContainer[]): string[] {
  return containers.map(({ id }) => id).sort();
}

const needed = ['containerd-shim-runc-v2', 'runc', 'busybox'] as const;

describe('the metrics of an engine on the embedded core', { skip: missing(...needed) }, () => {
  let host: EngineHost;
  let metrics: ServedMetrics;
  let running: EngineContainer[];
  let failure: unknown;
  before(async () => {
    // Without warm shims each start is one of a shim.
    host = await EngineHost.start({ backend: { warmShims: 0 } });
    metrics = await serveEngineMetrics(host.engine, { address: '127.0.0.1:0' });
    const limits = { Memory: MEMORY, MemorySwap: MEMORY };
    const eaten = await host.running(SLEEP, limits);
    running = [eaten, await host.running(SLEEP), await host.running(SLEEP)];
    const broken = await host.create({ Cmd: ['/no/such/program'] });
    failure = await broken.start().catch((err: unknown) => err);
    const exec = eaten.exec({ Cmd: EATER });
    await exec.start({ detach: true });
    assert.equal(await exec.wait(WAIT), 137);
    await until('the kill is told of', () => host.engine.telemetry().events.some(({ action }) => action === 'oom'));
  });
  after(async () => {
    await metrics.close();
    await host.stop();
  });

  it('are exactly what happened', async () => {
    assert.ok(failure instanceof EngineError);
    const families = await scrape(metrics);
    assert.deepEqual(countsOf(families, 'engine_container_start_duration_seconds'), {
      'outcome="ok"': 3,
      [`outcome="${failure.errorClass}"`]: 1,
    });
    assert.deepEqual(seriesOf(families, 'engine_containers'), {
      'state="created"': 1,
      'state="running"': 3,
      'state="paused"': 0,
      'state="restarting"': 0,
      'state="removing"': 0,
      'state="exited"': 0,
      'state="dead"': 0,
    });
    assert.deepEqual(seriesOf(families, 'engine_events_total'), {
      'action="create",type="container"': 4,
      'action="start",type="container"': 3,
      'action="exec_create",type="container"': 1,
      'action="exec_start",type="container"': 1,
      'action="oom",type="container"': 1,
      'action="exec_die",type="container"': 1,
    });
    assert.deepEqual(seriesOf(families, 'engine_oom_kills_total'), { '': 1 });
    assert.deepEqual(seriesOf(families, 'engine_execs_running'), { '': 0 });
    assert.deepEqual(seriesOf(families, 'engine_event_subscribers'), { '': 0 });
    assert.deepEqual(seriesOf(families, 'engine_shim_starts_total'), { 'api="v2",outcome="ok",warm="false"': 4 });
    assert.deepEqual(seriesOf(families, 'engine_scrape_errors_total'), {
      'collector="containers"': 0,
      'collector="engine"': 0,
    });
  });

  it('count the calls to shims, and how long they took', async () => {
    const families = await scrape(metrics);
    const rpcs = seriesOf(families, 'engine_rpcs_total');
    const durations = countsOf(families, 'engine_rpc_duration_seconds');
    const of = (code: string, method: string) => `backend="shim",code="${code}",method="Task/${method}"`;
    const counts = { Create: 3, Exec: 1, Start: 4 };
    for (const [method, count] of Object.entries(counts)) {
      assert.equal(rpcs[of('0', method)], count, method);
      assert.equal(durations[of('0', method)], count, method);
    }
    const failed = Object.entries(rpcs).filter(([key]) => key.includes('Task/Create') && !key.includes('code="0"'));
    assert.deepEqual(
      failed.map(([, count]) => count),
      [1],
    );
  });

  it('have a running exec while it runs, and a subscriber while it listens', async () => {
    const [container] = running;
    assert.ok(container !== undefined);
    const exec = container.exec({ Cmd: ['/bin/sleep', '1000'] });
    await exec.start({ detach: true });
    const events = host.engine.events()[Symbol.asyncIterator]();
    const families = await scrape(metrics);
    assert.deepEqual(seriesOf(families, 'engine_execs_running'), { '': 1 });
    assert.deepEqual(seriesOf(families, 'engine_event_subscribers'), { '': 1 });
    await events.return?.();
  });

  it('have the series of the containers that run, and none of one that was removed', async () => {
    assert.deepEqual(containersIn(await scrape(metrics)), idsOf(running));
    const [gone, ...left] = running;
    await gone?.remove({ force: true });
    const families = await scrape(metrics);
    assert.deepEqual(containersIn(families), idsOf(left));
    assert.equal(seriesOf(families, 'engine_containers')['state="running"'], 2);
  });
});

describe('the metrics of an engine over a containerd', { skip: missing('containerd', ...needed) }, () => {
  let containerd: TestHost;
  let host: EngineHost;
  let metrics: ServedMetrics;
  before(async () => {
    containerd = await TestHost.start();
    host = await EngineHost.start({ backend: { address: containerd.address } });
    metrics = await serveEngineMetrics(host.engine, { address: '127.0.0.1:0' });
  });
  after(async () => {
    try {
      metrics.destroy();
      await host.stop();
    } finally {
      await containerd.stop();
    }
  });

  it('count the calls to it, and take no stream for a slow call', async () => {
    const container = await host.running(SLEEP);
    const families = await scrape(metrics);
    const create = 'backend="containerd",code="0",method="Tasks/Create"';
    assert.equal(seriesOf(families, 'engine_rpcs_total')[create], 1);
    assert.equal(countsOf(families, 'engine_rpc_duration_seconds')[create], 1);
    assert.deepEqual(containersIn(families), [container.id]);
    // The stream of the engine itself began before anybody listened, and goes on.
    await (await connect({ address: containerd.address, namespace: 'other' })).close();
    const later = await scrape(metrics);
    const streams = (series: Record<string, number>) => Object.keys(series).filter((key) => key.includes('Subscribe'));
    assert.equal(streams(seriesOf(later, 'engine_rpcs_total')).length, 1);
    assert.deepEqual(streams(countsOf(later, 'engine_rpc_duration_seconds')), []);
    await container.remove({ force: true });
  });

  it('are told as far as they are known when the engine is gone', async () => {
    await host.engine.close();
    const after = await scrape(metrics);
    assert.equal(seriesOf(after, 'engine_scrape_errors_total')['collector="containers"'], 1);
    assert.deepEqual(containersIn(after), []);
    await host.open();
  });
});

describe('the metrics of two engines in one process', { skip: missing(...needed, 'containerd-shim') }, () => {
  let hosts: EngineHost[];
  let served: ServedMetrics[];
  before(async () => {
    hosts = [await EngineHost.start({ backend: { warmShims: 0 } })];
    hosts.push(await EngineHost.start({ backend: { warmShims: 1 } }));
    served = await Promise.all(hosts.map(({ engine }) => serveEngineMetrics(engine, { address: '127.0.0.1:0' })));
  });
  after(async () => {
    for (const metrics of served) metrics.destroy();
    for (const host of hosts) await host.stop();
  });

  it('keep starts and containers apart, and share the shims', async () => {
    const [first, second] = hosts;
    const container = await first?.running(SLEEP, { Runtime: RUNTIME_V1 });
    await second?.running(SLEEP);
    await second?.running(SLEEP);
    const scrapes = await Promise.all(served.map(scrape));
    assert.deepEqual(
      scrapes.map((families) => countsOf(families, 'engine_container_start_duration_seconds')),
      [{ 'outcome="ok"': 1 }, { 'outcome="ok"': 2 }],
    );
    assert.deepEqual(
      scrapes.map((families) => containersIn(families).length),
      [1, 2],
    );
    assert.deepEqual(containersIn(scrapes[0] ?? new Map()), [container?.id]);
    const shims = scrapes.map(
      (families) => seriesOf(families, 'engine_shim_starts_total')['api="v1",outcome="ok",warm="false"'],
    );
    assert.deepEqual(shims, [1, 1]);
  });

  it('tell of shims that are started ahead', async () => {
    const warm = 'api="v2",outcome="ok",warm="true"';
    await until('a shim is started ahead', async () => {
      const [, metrics] = served;
      if (metrics === undefined) return false;
      return (seriesOf(await scrape(metrics), 'engine_shim_starts_total')[warm] ?? 0) >= 1;
    });
  });
});
