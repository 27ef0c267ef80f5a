import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { after, before, describe, it } from 'node:test';
import type { EngineContainer, HostConfig } from '../../../src/daemon-core/index.js';
import { missing, scaled } from '../host/requirements.js';
import { inParallel } from '../host/run-container.js';
import { until } from '../host/until.js';
import { EngineHost, logOf, SLEEP, sh } from './engine-host.js';

const WAIT = { timeoutMs: 20_000 };
const POLITE = 'trap "exit 3" TERM; echo ready; while :; do sleep 0.02; done';
/** Stopping ones cannot be caught, or would not let the shell tell; the rest of the exclusions are other names. */
const UNCAUGHT = ['SIGKILL', 'SIGSTOP', 'SIGIOT', 'SIGPOLL', 'SIGUNUSED', 'SIGCHLD'];

describe('signals, stops and removals', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  before(async () => {
    host = await EngineHost.start();
  });
  after(() => host.stop());

  async function ready(script: string, hostConfig: HostConfig = {}): Promise<EngineContainer> {
    const c = await host.running(sh(script), hostConfig);
    await until('it is ready', async () => (await logOf(c)).includes('ready'));
    return c;
  }

  async function actionsOf(c: EngineContainer, since: Date): Promise<string[]> {
    const actions: string[] = [];
    for await (const { Actor, Action } of host.engine.events({ since, until: new Date() })) {
      if (Actor.ID === c.id) actions.push(Action);
    }
    return actions;
  }

  it('arrive by every name', async () => {
    const signals = Object.entries(constants.signals).filter(([name]) => !UNCAUGHT.includes(name));
    const names = signals.map(([name]) => name);
    const traps = signals.map(([name, number]) => `trap "echo got ${name}" ${number}`).join('; ');
    const c = await ready(`${traps}; trap "echo got SIGRTMIN+3" 37; echo ready; while :; do sleep 0.02; done`);
    for (const [index, name] of [...names, 'SIGRTMIN+3'].entries()) {
      await c.kill([name, name.slice(3), name.toLowerCase()][index % 3]);
      await until(`it has got ${name}`, async () => (await logOf(c)).includes(`got ${name}\n`));
    }
    for (const wrong of [0, 65, 'SIGNONSENSE', '']) {
      await assert.rejects(c.kill(wrong), { code: 'ERR_SIGNAL_INVALID' }, String(wrong));
    }
    await c.kill();
    assert.equal(c.inspect().State.ExitCode, 137);
  });

  it('stop with the signal of the container, by name', async () => {
    const script = 'trap "exit 9" RTMIN+3 2>/dev/null || trap "exit 9" 37; echo ready; while :; do sleep 0.02; done';
    const c = await host.running({ ...sh(script), StopSignal: 'SIGRTMIN+3' });
    await until('it is ready', async () => (await logOf(c)).includes('ready'));
    await c.stop();
    assert.equal(c.inspect().State.ExitCode, 9);
    await assert.rejects(host.create({ ...SLEEP, StopSignal: 'NONE' }), { code: 'ERR_SIGNAL_INVALID' });
  });

  it('stop at once when two ask, and for ever until somebody kills', async () => {
    const c = await ready(POLITE);
    await Promise.all([c.stop({ timeoutSeconds: 10 }), c.stop({ timeoutSeconds: 10 })]);
    assert.equal(c.inspect().State.ExitCode, 3);
    const deaf = await ready('trap "echo asked" TERM; echo ready; while :; do sleep 0.02; done');
    const stopping = deaf.stop({ timeoutSeconds: -1 });
    await until('it was asked', async () => (await logOf(deaf)).includes('asked'));
    await deaf.kill();
    await stopping;
    assert.equal(deaf.inspect().State.ExitCode, 137);
    const again = await ready('trap "echo asked" TERM; echo ready; while :; do sleep 0.02; done');
    const waiting = again.stop({ timeoutSeconds: -1 });
    await until('it was asked', async () => (await logOf(again)).includes('asked'));
    await again.remove({ force: true });
    await waiting;
    assert.equal(host.engine.removedStatus(again.id)?.exitCode, 137);
  });

  it('remove by force one that is being started, and refuse a start of one that is being removed', async () => {
    for (let times = 0; times < scaled(20, 4); times++) {
      const c = await host.create(SLEEP, { RestartPolicy: { Name: 'always' } });
      const [starting, removing] = await Promise.allSettled([c.start(), c.remove({ force: true })]);
      assert.equal(removing.status, 'fulfilled', String(Reflect.get(removing, 'reason')));
      if (starting.status === 'rejected') assert.match(String(starting.reason), /marked for removal|No such container/);
      assert.throws(() => host.engine.container(c.id), { code: 'ERR_CONTAINER_NOT_FOUND' });
      const other = await host.running(SLEEP);
      const gone = other.remove({ force: true });
      await assert.rejects(other.remove({ force: true }), /removal of container .* is already in progress/);
      await assert.rejects(other.start());
      await gone;
    }
  });

  it('stop for good whatever the restart policy was about to do', async () => {
    await inParallel(scaled(100, 20), 5, async (index) => {
      const c = await host.create(sh('exit 1'), { RestartPolicy: { Name: 'always' } });
      const ended = c.wait('next-exit', WAIT);
      await c.start();
      // At any moment about the exit: before, in its commit, after it.
      if (index % 3 === 0) await ended;
      if (index % 2 === 0) await c.stop({ timeoutSeconds: 0 }).catch(() => {});
      else await c.kill().catch(() => {});
      await ended;
      const { Status, Restarting } = c.inspect().State;
      assert.deepEqual([Status, Restarting], ['exited', false]);
      await c.remove();
    });
  });

  it('restart one that ends by itself meanwhile, and never lose its exit', async () => {
    // moby/moby#43403: a stop that returns before the exit is committed lets the start do nothing.
    const c = await host.create(sh('sleep 0.05; exit 5'));
    const since = new Date();
    const restarts = scaled(30, 6);
    for (let times = 0; times < restarts; times++) await c.restart({ timeoutSeconds: 1 });
    await c.wait('not-running', WAIT);
    const told = (await actionsOf(c, since)).filter((action) => action === 'start' || action === 'die');
    assert.deepEqual(told, Array(restarts).fill(['start', 'die']).flat());
    const lasting = await ready(POLITE, { AutoRemove: true });
    const sinceLasting = new Date();
    await Promise.all([lasting.restart({ timeoutSeconds: 10 }), lasting.restart({ timeoutSeconds: 10 })]);
    assert.equal(lasting.inspect().State.Status, 'running');
    const actions = await actionsOf(lasting, sinceLasting);
    const count = (action: string) => actions.filter((each) => each === action).length;
    assert.ok(count('die') >= 1 && count('die') === count('start'), `${actions}`);
    await lasting.restart({ timeoutSeconds: 0 });
    assert.equal(lasting.inspect().State.Status, 'running');
    await lasting.kill();
    await lasting.wait('removed', WAIT);
    assert.throws(() => host.engine.container(lasting.id), { code: 'ERR_CONTAINER_NOT_FOUND' });
  });

  it('are told as dockerd tells them', async () => {
    const c = await ready(POLITE);
    const since = new Date();
    await c.restart({ timeoutSeconds: 10 });
    await c.pause();
    await c.stop({ timeoutSeconds: 10 });
    const expected = ['kill', 'die', 'stop', 'start', 'restart', 'pause', 'kill', 'unpause', 'die', 'stop'];
    assert.deepEqual(await actionsOf(c, since), expected);
  });

  it('leave a code of 255 to the process that ended with it', async () => {
    for (const code of [0, 255]) {
      const c = await host.create(sh(`exit ${code}`), { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 } });
      await c.start();
      await until('it has ended', () => c.inspect().State.Status === 'exited');
      assert.deepEqual([c.inspect().State.ExitCode, c.inspect().RestartCount], [code, code === 0 ? 0 : 1]);
    }
  });
});
