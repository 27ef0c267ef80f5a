import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { daemonOptionsOf } from './daemon-options.js';

describe('the metrics options of a daemon', () => {
  const folder = mkdtempSync(join(tmpdir(), 'daemon-options-'));
  after(() => rmSync(folder, { recursive: true }));

  const metricsOf = async (flags: Parameters<typeof daemonOptionsOf>[0]['flags']) =>
    (await daemonOptionsOf({ flags })).metrics;

  it('are off unless somebody asks', async () => {
    const off = { address: undefined, intervalMs: undefined };
    assert.deepEqual(await metricsOf({}), off);
    assert.deepEqual(await metricsOf({ metricsAddr: '', metricsInterval: '0' }), off);
    assert.deepEqual(await metricsOf({ metricsInterval: '0s' }), off);
  });

  it('read the address and a Go duration', async () => {
    const metrics = await metricsOf({ metricsAddr: '127.0.0.1:9323', metricsInterval: '1m0.5s' });
    assert.deepEqual(metrics, { address: '127.0.0.1:9323', intervalMs: 60_500 });
  });

  it('take the address from daemon.json, and refuse it when it is given twice', async () => {
    const configFile = join(folder, 'daemon.json');
    writeFileSync(configFile, '{"metrics-addr": ":9323"}');
    assert.equal((await daemonOptionsOf({ configFile })).metrics.address, ':9323');
    await assert.rejects(daemonOptionsOf({ configFile, flags: { metricsAddr: ':1' } }), {
      code: 'ERR_OPTION_INVALID',
      message: /metrics-addr: \(from flag: :1, from file: :9323\)/,
    });
  });

  for (const metricsInterval of ['', 'soon', '10', '-1s', '1us', '600h']) {
    it(`refuse the interval ${JSON.stringify(metricsInterval)}`, async () => {
      await assert.rejects(metricsOf({ metricsInterval }), { code: 'ERR_OPTION_INVALID', message: /metrics-interval/ });
    });
  }
});
