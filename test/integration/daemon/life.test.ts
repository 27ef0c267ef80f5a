import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { missing } from '../host/requirements.js';
import { EngineHost, execIn, logOf, SLEEP, sh } from './engine-host.js';
import { failedStartCases } from './failed-start-cases.js';

const WAIT = { timeoutMs: 20_000 };

describe('the life of a container', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  before(async () => {
    host = await EngineHost.start();
  });
  after(() => host.stop());

  it('is created, runs, prints, ends with its exit code and is removed', async () => {
    const c = await host.create(sh('echo out; echo err >&2; exit 7'), {}, 'first');
    assert.equal(c.inspect().State.Status, 'created');
    const ended = c.wait('next-exit', WAIT);
    await c.start();
    assert.deepEqual(await ended, { exitCode: 7, error: '' });
    const { State } = c.inspect();
    assert.equal(State.Status, 'exited');
    assert.equal(State.ExitCode, 7);
    assert.equal(State.Pid, 0);
    assert.ok(State.FinishedAt >= State.StartedAt, `${State.StartedAt} to ${State.FinishedAt}`);
    assert.equal(await logOf(c, 'stdout'), 'out\n');
    assert.equal(await logOf(c, 'stderr'), 'err\n');
    const removed = c.wait('removed', WAIT);
    await c.remove();
    assert.equal((await removed).exitCode, 7);
    assert.throws(() => host.engine.container('first'), { message: 'No such container: first' });
    assert.equal(host.engine.removedStatus(c.id)?.exitCode, 7);
  });

  it('starts again, with what it wrote before', async () => {
    const c = await host.create(sh('cat /run/count; echo x >>/run/count'));
    for (const expected of ['', 'x\n', 'x\nx\n']) {
      const before = await logOf(c, 'stdout');
      const ended = c.wait('next-exit', WAIT);
      await c.start();
      await ended;
      assert.equal((await logOf(c, 'stdout')).slice(before.length), expected);
    }
  });

  it('refuses what does not go in its state, in the words of dockerd', async () => {
    const c = await host.running(SLEEP, {}, 'refuses');
    await assert.rejects(c.start(), { name: 'NotModifiedError' });
    await assert.rejects(c.remove(), {
      name: 'ConflictError',
      message:
        'cannot remove container "/refuses": container is running: stop the container before removing or force remove',
    });
    await c.pause();
    assert.equal(c.inspect().State.Paused, true);
    await assert.rejects(c.pause(), { name: 'ConflictError', message: `Container ${c.id} is already paused` });
    await assert.rejects(c.start(), /cannot start a paused container, try unpause instead/);
    assert.throws(() => c.exec({ Cmd: ['true'] }), /is paused, unpause the container before exec/);
    await c.unpause();
    await assert.rejects(c.unpause(), /is not paused/);
    await c.stop({ timeoutSeconds: 0 });
    await assert.rejects(c.stop(), { name: 'NotModifiedError' });
    await assert.rejects(c.kill(), {
      name: 'ConflictError',
      message: `Cannot kill container: ${c.id}: container ${c.id} is not running`,
    });
  });

  it('stops by signal, and by force when that takes too long', async () => {
    const polite = await host.running(sh('trap "echo bye; exit 3" USR1; while :; do sleep 0.05; done'));
    await polite.stop({ signal: 'SIGUSR1', timeoutSeconds: 10 });
    assert.equal(polite.inspect().State.ExitCode, 3);
    assert.equal(await logOf(polite), 'bye\n');
    const deaf = await host.running(sh('trap "" TERM; while :; do sleep 0.05; done'));
    await deaf.stop({ timeoutSeconds: 1 });
    assert.equal(deaf.inspect().State.ExitCode, 137);
  });

  failedStartCases({
    host: () => host,
    leftovers: async () => (await host.leftovers()).filter((what) => !what.includes('warm-')),
  });

  it('runs execs, each with its own output and exit code', async () => {
    const c = await host.running(SLEEP);
    assert.deepEqual(await execIn(c, '/bin/sh', '-c', 'echo a; exit 9'), { out: 'a\n', code: 9 });
    assert.deepEqual(await execIn(c, '/bin/sh', '-c', 'echo b >&2'), { out: 'b\n', code: 0 });
    const missingProgram = c.exec({ Cmd: ['/none'] });
    await assert.rejects(missingProgram.start());
    assert.equal(missingProgram.inspect().ExitCode, 127);
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, i) => execIn(c, '/bin/sh', '-c', `echo ${i}; exit ${i}`)),
    );
    assert.deepEqual(
      all,
      Array.from({ length: 10 }, (_, i) => ({ out: `${i}\n`, code: i })),
    );
    const long = c.exec({ Cmd: ['/bin/sleep', '1000'] });
    await long.start({ detach: true });
    assert.equal(long.inspect().Running, true);
    assert.equal(c.process(long.id)?.pid, long.inspect().Pid);
    await c.kill();
    assert.equal(await long.wait(WAIT), 137);
    assert.equal(host.engine.exec(long.id).inspect().Running, false);
  });

  it('is found by name, id and the beginning of it, and can be renamed', async () => {
    const c = await host.create(SLEEP, {}, 'alpha');
    await c.rename('beta');
    assert.equal(host.engine.container('beta').id, c.id);
    assert.equal(host.engine.container(c.id.slice(0, 12)).id, c.id);
    assert.throws(() => host.engine.container('alpha'), { code: 'ERR_CONTAINER_NOT_FOUND' });
    await assert.rejects(host.create(SLEEP, {}, 'beta'), /^ConflictError: Conflict. The container name "\/beta"/);
    await host.reopen();
    assert.equal(host.engine.container('beta').id, c.id);
  });

  it('removes itself when it was asked to', async () => {
    const c = await host.create(sh('exit 5'), { AutoRemove: true });
    const removed = c.wait('removed', WAIT);
    await c.start();
    assert.equal((await removed).exitCode, 5);
    assert.equal(host.engine.removedStatus(c.id)?.exitCode, 5);
    assert.ok(!existsSync(`${host.folder}/root/engine/containers/${c.id}`));
  });

  it('tells its events, with the names of Docker', async () => {
    const since = new Date();
    const c = await host.create(sh('exit 1'), {}, 'told');
    const ended = c.wait('next-exit', WAIT);
    await c.start();
    await ended;
    await c.remove();
    const actions: string[] = [];
    for await (const event of host.engine.events({ since, until: new Date() })) {
      if (event.Actor.ID === c.id) actions.push(event.Action);
    }
    assert.deepEqual(actions, ['create', 'start', 'die', 'destroy']);
  });
});
