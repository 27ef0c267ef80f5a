import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { FakeEngine } from '../daemon-core/testing/fake-engine.js';
import * as library from '../index.js';
import { CONTAINER_STARTS } from '../telemetry/observations.js';
import { serveEngineMetrics } from './serve-engine.js';
import { LogStub } from './testing/engine-stub.js';

const LOOPBACK = '127.0.0.1:0';

/** In this process, which is that of this file alone. */
function isPromClientLoaded(): boolean {
  return Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('/prom-client/'));
}

describe('serveEngineMetrics', () => {
  let fake: FakeEngine;
  const log = new LogStub();
  before(async () => {
    fake = await FakeEngine.start();
  });
  after(() => fake.stop());

  it('loads prom-client when it serves, not when the library is imported', async () => {
    assert.equal(serveEngineMetrics, library.serveEngineMetrics);
    assert.equal(isPromClientLoaded(), false);
    const metrics = await serveEngineMetrics(fake.engine, { address: LOOPBACK, log });
    await metrics.close();
    assert.equal(isPromClientLoaded(), true);
  });

  it('serves the engine and nothing more after close', async () => {
    const metrics = await serveEngineMetrics(fake.engine, { address: LOOPBACK, log });
    const url = `http://${metrics.address}/metrics`;
    const response = await fetch(url, { headers: { connection: 'close' } });
    assert.equal(response.status, 200);
    assert.match(await response.text(), /^engine_containers\{state="running"\} 0$/m);
    await metrics.close();
    await metrics.close();
    await assert.rejects(fetch(url));
    assert.equal(CONTAINER_STARTS.hasSubscribers, false);
  });

  it('lets go of everything at once with destroy', async () => {
    const metrics = await serveEngineMetrics(fake.engine, { address: LOOPBACK, intervalMs: 60_000, log });
    assert.equal(CONTAINER_STARTS.hasSubscribers, true);
    metrics.destroy();
    assert.equal(CONTAINER_STARTS.hasSubscribers, false);
    await assert.rejects(fetch(`http://${metrics.address}/metrics`));
  });

  it('leaves nothing open when the address is taken', async () => {
    const first = await serveEngineMetrics(fake.engine, { address: LOOPBACK, log });
    const { address } = first;
    const second = serveEngineMetrics(fake.engine, { address, intervalMs: 60_000, log });
    await assert.rejects(second, { code: 'ERR_ADDRESS_IN_USE' });
    await first.close();
    assert.equal(CONTAINER_STARTS.hasSubscribers, false);
  });

  it('only prints when there is no address, and does nothing when nothing was asked for', async () => {
    const printing = await serveEngineMetrics(fake.engine, { intervalMs: 60_000, log });
    assert.equal(printing.address, undefined);
    assert.equal(CONTAINER_STARTS.hasSubscribers, true);
    await printing.close();
    const nothing = await serveEngineMetrics(fake.engine, { log });
    assert.equal(CONTAINER_STARTS.hasSubscribers, false);
    nothing.destroy();
  });

  it('refuses an interval before it listens', async () => {
    const refused = serveEngineMetrics(fake.engine, { address: LOOPBACK, intervalMs: -1, log });
    await assert.rejects(refused, { code: 'ERR_OPTION_INVALID' });
  });
});
