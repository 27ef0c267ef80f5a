import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ContainerConfig, EngineContainer } from '../../../src/daemon-core/index.js';
import { isAlive } from '../../../src/platform/process.js';
import { freeze } from '../host/freeze.js';
import { missing } from '../host/requirements.js';
import { TestHost } from '../host/test-host.js';
import { until } from '../host/until.js';
import { EngineHost, execIn, logOf, SLEEP, sh } from './engine-host.js';
import { failedStartCases } from './failed-start-cases.js';
import { oomCases } from './oom-cases.js';

const skip = missing('containerd', 'containerd-shim-runc-v2', 'runc', 'busybox');
const WAIT = { timeoutMs: 20_000 };
const NOW = { timeoutSeconds: 0 };
/** Ends with 7 at SIGTERM, and prints at SIGUSR1. */
const LISTENER = listener('echo usr1');
/** Its memory is all that a child takes at SIGUSR1. */
const EATER = listener(`sh -c 'x=x; while :; do x=$x$x; done'; echo eaten`);
const MEMORY = 16 * 1024 * 1024;

function listener(atUsr1: string): ContainerConfig {
  return sh(
    `trap "exit 7" TERM; usr1() { ${atUsr1}; }; trap usr1 USR1; echo ready; while :; do sleep 60 & wait $!; done`,
  );
}

describe('an engine over a containerd', { skip }, () => {
  let containerd: TestHost;
  let host: EngineHost;
  before(async () => {
    // The outage of the test below is as long as this.
    containerd = await TestHost.start({ backoff: { minMs: 1_000, maxMs: 1_000 } });
    host = await EngineHost.start({ backend: { address: containerd.address, goneGraceMs: 1_000 } });
  });
  after(async () => {
    try {
      await host.stop();
    } finally {
      // It outlives a test that failed.
      await containerd.stop();
    }
  });

  const again = (c: EngineContainer) => host.engine.container(c.id);
  const ready = (c: EngineContainer) => until('it listens', async () => (await logOf(c)).includes('ready'));

  async function actionsOf(c: EngineContainer, since: Date): Promise<string[]> {
    const actions: string[] = [];
    for await (const { Action, Actor } of host.engine.events({ since, until: new Date() })) {
      if (Actor.ID === c.id) actions.push(Action);
    }
    return actions;
  }

  it('creates, starts, runs execs, logs, stops, starts again and removes', async () => {
    const since = new Date();
    const c = await host.create(LISTENER, {}, 'first');
    await c.start();
    await ready(c);
    assert.deepEqual(await execIn(c, '/bin/sh', '-c', 'echo a; exit 9'), { out: 'a\n', code: 9 });
    await c.stop();
    assert.deepEqual([c.inspect().State.Status, c.inspect().State.ExitCode], ['exited', 7]);
    await c.start();
    await c.restart(NOW);
    await c.remove({ force: true });
    const actions = await actionsOf(c, since);
    const count = (action: string) => actions.filter((each) => each === action).length;
    // The signal and the end of what it ends are told in either order.
    assert.deepEqual(
      actions.filter((action) => action !== 'kill' && !action.startsWith('exec')),
      ['create', 'start', 'die', 'stop', 'start', 'die', 'stop', 'start', 'restart', 'die', 'destroy'],
    );
    assert.deepEqual([count('exec_die'), count('die')], [1, 3]);
    assert.throws(() => host.engine.container('first'), { code: 'ERR_CONTAINER_NOT_FOUND' });
  });

  it('keeps all that is of this boot in the state folder it was given', async () => {
    const c = await host.running(SLEEP);
    assert.ok(existsSync(join(host.folder, 'state/stdio/docker', c.id)), 'FIFOs');
    assert.deepEqual(readdirSync(join(host.folder, 'state/runtime-runc/docker')), [c.id]);
    await c.remove({ force: true });
  });

  failedStartCases({ host: () => host, leftovers: () => containerd.leftovers() });

  it('gives a start with a shim that is not there the exit code of Docker', async () => {
    const unknown = await host.create(SLEEP, { Runtime: 'io.containerd.none.v2' });
    await assert.rejects(unknown.start());
    assert.equal(unknown.inspect().State.ExitCode, 128, unknown.inspect().State.Error);
    await unknown.remove();
    assert.deepEqual(await containerd.leftovers(), []);
  });

  it('pauses, resumes, changes limits and kills what is paused', async () => {
    const c = await host.running(SLEEP, { Memory: 64 * 1024 * 1024 });
    await c.pause();
    assert.equal(c.inspect().State.Status, 'paused');
    await c.unpause();
    await c.update({ Memory: 32 * 1024 * 1024, PidsLimit: 50 });
    const limit = await execIn(
      c,
      '/bin/sh',
      '-c',
      'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max || cat memory.max pids.max',
    );
    assert.deepEqual(limit, { out: `${32 * 1024 * 1024}\n50\n`, code: 0 });
    for (let round = 0; round < 3; round++) {
      await c.pause();
      await c.kill();
      assert.deepEqual([c.inspect().State.Status, c.inspect().State.ExitCode], ['exited', 137]);
      await c.start();
    }
    await c.remove({ force: true });
  });

  it('finds its containers when it comes again, and what they printed meanwhile', async () => {
    const runs = await host.running(LISTENER);
    const ends = await host.running(LISTENER);
    const paused = await host.running(SLEEP);
    await paused.pause();
    await Promise.all([ready(runs), ready(ends)]);
    const [pid, doomed] = [runs.inspect().State.Pid, ends.inspect().State.Pid];
    await host.engine.close();
    process.kill(pid, 'SIGUSR1');
    process.kill(doomed, 'SIGTERM');
    await until('it has ended', () => !isAlive(doomed));
    await host.reopen();
    assert.equal(again(runs).inspect().State.Pid, pid);
    assert.equal(again(paused).inspect().State.Status, 'paused');
    assert.deepEqual([again(ends).inspect().State.Status, again(ends).inspect().State.ExitCode], ['exited', 7]);
    await until('what it printed is there', async () => (await logOf(again(runs))) === 'ready\nusr1\n');
    assert.equal((await execIn(again(runs), '/bin/echo', 'alive')).out, 'alive\n');
    await host.removeAll();
  });

  it('has shims write output to files, with nobody between', async () => {
    const c = await host.create(sh('echo out; echo err >&2'), { LogConfig: { Type: 'direct' } });
    const ended = c.wait('next-exit', WAIT);
    await c.start();
    assert.equal((await ended).exitCode, 0);
    assert.equal(await logOf(c, 'stdout'), 'out\n');
    assert.equal(await logOf(c, 'stderr'), 'err\n');
    await c.remove();
  });

  it('has true states after a containerd that was killed, one die for each end', async () => {
    const since = new Date();
    const stays = await host.running(LISTENER);
    const ends = await host.running(LISTENER);
    const eats = await host.running(EATER, { Memory: MEMORY, MemorySwap: MEMORY });
    await Promise.all([stays, ends, eats].map(ready));
    const daemon = containerd.containerd.pid;
    assert.ok(daemon !== undefined);
    process.kill(daemon, 'SIGKILL');
    await until('containerd is gone', () => !isAlive(daemon));
    const doomed = ends.inspect().State.Pid;
    const ended = ends.wait('next-exit', WAIT);
    process.kill(doomed, 'SIGTERM');
    await until('it has ended', () => !isAlive(doomed));
    process.kill(stays.inspect().State.Pid, 'SIGUSR1');
    process.kill(eats.inspect().State.Pid, 'SIGUSR1');
    await until('a child has been killed', async () => (await logOf(eats)).includes('eaten'));
    assert.equal(containerd.containerd.state.kind, 'restarting', 'all that while containerd was away');
    assert.equal((await ended).exitCode, 7);
    await until('the kill shows', () => eats.inspect().State.OOMKilled);
    assert.deepEqual([eats.inspect().State.Status, eats.inspect().OOM.kills], ['running', 1]);
    assert.equal(stays.inspect().State.Status, 'running');
    assert.equal((await execIn(stays, '/bin/echo', 'alive')).out, 'alive\n');
    assert.equal(await logOf(stays), 'ready\nusr1\n');
    await stays.stop();
    assert.equal(stays.inspect().State.ExitCode, 7);
    for (const c of [stays, ends]) {
      const deaths = (await actionsOf(c, since)).filter((action) => action === 'die');
      assert.deepEqual(deaths, ['die']);
    }
    await ends.start();
    await host.removeAll();
  });

  it('waits for a containerd that is away no longer than it was told', async () => {
    const c = await host.running(SLEEP);
    const daemon = containerd.containerd.pid;
    assert.ok(daemon !== undefined);
    await freeze(daemon);
    try {
      await assert.rejects(c.pause({ timeoutMs: 200 }), { name: 'DeadlineExceededError' });
      assert.equal(c.inspect().State.Status, 'running');
    } finally {
      process.kill(daemon, 'SIGCONT');
    }
    // The signal may have been delivered all the same: what the shim says is what counts.
    await host.removeAll();
  });

  oomCases('over a containerd', { address: () => containerd.address });
});
