import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { missing } from '../host/requirements.js';
import { until } from '../host/until.js';
import { EngineHost, execIn, sh } from './engine-host.js';

const MS = 1_000_000;

describe('the health of a container', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  before(async () => {
    host = await EngineHost.start();
  });
  after(() => host.stop());

  it('follows its probe, and is told in events', async () => {
    const since = new Date();
    const c = await host.running({
      ...sh('sleep 1000'),
      Healthcheck: {
        Test: ['CMD-SHELL', 'cat /run/health && test -e /run/ok'],
        Interval: 50 * MS,
        Timeout: 5_000 * MS,
        Retries: 2,
      },
    });
    assert.equal(c.inspect().State.Health?.Status, 'starting');
    await until('it is unhealthy', () => c.inspect().State.Health?.Status === 'unhealthy');
    assert.ok((c.inspect().State.Health?.FailingStreak ?? 0) >= 2);
    await execIn(c, '/bin/sh', '-c', 'echo fine >/run/health; touch /run/ok');
    await until('it is healthy', () => c.inspect().State.Health?.Status === 'healthy');
    const last = c.inspect().State.Health?.Log.at(-1);
    assert.deepEqual([last?.ExitCode, last?.Output], [0, 'fine\n']);
    await c.stop({ timeoutSeconds: 0 });
    const told: string[] = [];
    for await (const { Action } of host.engine.events({ since, until: new Date() })) {
      if (Action.startsWith('health_status')) told.push(Action);
    }
    assert.deepEqual(told, ['health_status: unhealthy', 'health_status: healthy']);
  });

  it('goes on in the next engine', async () => {
    const c = await host.running({
      ...sh('sleep 1000'),
      Healthcheck: { Test: ['CMD', '/bin/true'], Interval: 50 * MS },
    });
    await until('it is healthy', () => c.inspect().State.Health?.Status === 'healthy');
    await host.reopen();
    await until('it is healthy again', () => host.engine.container(c.id).inspect().State.Health?.Status === 'healthy');
  });

  it('of a probe that hangs is a failure after its timeout', async () => {
    const c = await host.running({
      ...sh('sleep 1000'),
      Healthcheck: { Test: ['CMD', '/bin/sleep', '1000'], Interval: 10 * MS, Timeout: 100 * MS, Retries: 1 },
    });
    await until('it is unhealthy', () => c.inspect().State.Health?.Status === 'unhealthy');
    const last = c.inspect().State.Health?.Log.at(-1);
    assert.equal(last?.ExitCode, -1);
    assert.match(last?.Output ?? '', /^Health check exceeded timeout \(100ms\)/);
    await c.kill();
  });
});
