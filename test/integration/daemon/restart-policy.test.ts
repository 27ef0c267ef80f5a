import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { EngineContainer } from '../../../src/daemon-core/index.js';
import { missing } from '../host/requirements.js';
import { until } from '../host/until.js';
import { EngineHost, SLEEP, sh } from './engine-host.js';

const WAIT = { timeoutMs: 20_000 };

describe('restart policies', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  before(async () => {
    host = await EngineHost.start();
  });
  after(() => host.stop());

  async function startsOf(c: EngineContainer, since: Date): Promise<number[]> {
    const times: number[] = [];
    for await (const event of host.engine.events({ since, until: new Date() })) {
      if (event.Action === 'start' && event.Actor.ID === c.id) times.push(Number(event.timeNano / 1_000_000n));
    }
    return times;
  }

  it('on-failure:3 restarts three times, with delays that grow', async () => {
    const since = new Date();
    const c = await host.create(sh('exit 1'), { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } });
    await c.start();
    await until('it has given up', () => c.inspect().State.Status === 'exited');
    assert.equal(c.inspect().RestartCount, 3);
    assert.equal(c.inspect().State.ExitCode, 1);
    const times = await startsOf(c, since);
    assert.equal(times.length, 4);
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    for (const [i, least] of [100, 200, 400].entries()) assert.ok((gaps[i] ?? 0) >= least, `gaps ${gaps}`);
  });

  it('on-failure leaves a success alone', async () => {
    const c = await host.create(sh('exit 0'), { RestartPolicy: { Name: 'on-failure' } });
    const ended = c.wait('next-exit', WAIT);
    await c.start();
    await ended;
    assert.equal(c.inspect().State.Status, 'exited');
    assert.equal(c.inspect().RestartCount, 0);
  });

  it('stop during the delay ends it', async () => {
    const c = await host.create(sh('exit 1'), { RestartPolicy: { Name: 'always' } });
    await c.start();
    await until('it is in a delay', () => c.inspect().State.Status === 'restarting' && c.inspect().RestartCount >= 3);
    const count = c.inspect().RestartCount;
    await c.stop();
    const { Status, Restarting, Running } = c.inspect().State;
    assert.deepEqual([Status, Restarting, Running], ['exited', false, false]);
    // Nothing is left that could start it: the delay was of 800 ms at most.
    await assert.rejects(c.wait('next-exit', { timeoutMs: 1_000 }), { name: 'DeadlineExceededError' });
    assert.equal(c.inspect().RestartCount, count);
  });

  it('a harmless signal does not end them, a stop does', async () => {
    const c = await host.running(sh('trap : HUP; trap "exit 4" TERM; while :; do sleep 0.02; done'), {
      RestartPolicy: { Name: 'unless-stopped' },
    });
    await c.kill('SIGHUP');
    assert.equal(c.record.manuallyStopped, false);
    const { Pid } = c.inspect().State;
    process.kill(Pid, 'SIGKILL');
    await until('it was started again', () => c.inspect().RestartCount === 1 && c.inspect().State.Pid > 0);
    await c.kill('SIGTERM');
    await until('it has ended', () => c.inspect().State.Status === 'exited');
    assert.equal(c.record.manuallyStopped, true);
  });

  it('are taken up by the next engine', async () => {
    const always = await host.running(SLEEP, { RestartPolicy: { Name: 'always' } });
    const stopped = await host.running(SLEEP, { RestartPolicy: { Name: 'unless-stopped' } });
    const none = await host.running(SLEEP);
    for (const c of [always, stopped, none]) await c.stop({ timeoutSeconds: 0 });
    await host.reopen();
    await until('always runs', () => host.engine.container(always.id).inspect().State.Status === 'running');
    assert.equal(host.engine.container(stopped.id).inspect().State.Status, 'exited');
    assert.equal(host.engine.container(none.id).inspect().State.Status, 'exited');
  });
});
