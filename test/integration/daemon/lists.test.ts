import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Filters } from '../../../src/daemon-core/filters.js';
import type { EngineContainer } from '../../../src/daemon-core/index.js';
import { missing } from '../host/requirements.js';
import { EngineHost, SLEEP, sh } from './engine-host.js';

const WAIT = { timeoutMs: 20_000 };

describe('lists, events, top and prune', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  let runs: EngineContainer;
  let paused: EngineContainer;
  let ended: EngineContainer;
  let created: EngineContainer;
  before(async () => {
    host = await EngineHost.start();
    created = await host.create({ ...SLEEP, Labels: { tier: 'db', keep: '' } }, {}, 'created');
    ended = await host.create(sh('head -c 500000 /dev/zero >/run/big; exit 6'), { Binds: ['data:/data'] }, 'ended');
    const end = ended.wait('next-exit', WAIT);
    await ended.start();
    await end;
    paused = await host.running({ ...SLEEP, Labels: { tier: 'web' } }, {}, 'paused-one');
    await paused.pause();
    runs = await host.running({ ...SLEEP, Labels: { tier: 'db' } }, {}, 'runs');
  });
  after(() => host.stop());

  const names = (filter: Record<string, string[]>) => host.engine.list(Filters.of(filter)).map(({ name }) => name);

  it('show the youngest first, and what the filters let through', () => {
    const cases: [Record<string, string[]>, string[]][] = [
      [{}, ['runs', 'paused-one', 'ended', 'created']],
      [{ status: ['running', 'created'] }, ['runs', 'created']],
      [{ status: ['paused'] }, ['paused-one']],
      [{ exited: ['6'] }, ['ended']],
      [{ exited: ['0'] }, []],
      [{ label: ['tier=db'] }, ['runs', 'created']],
      [{ label: ['tier', 'keep'] }, ['created']],
      [{ name: ['^/?r'] }, ['runs']],
      [{ id: [paused.id.slice(0, 10)] }, ['paused-one']],
      [{ before: ['paused-one'] }, ['ended', 'created']],
      [{ since: [ended.id] }, ['runs', 'paused-one']],
      [{ volume: ['data'] }, ['ended']],
      [{ volume: ['/data'], status: ['exited'] }, ['ended']],
      [{ network: ['none'], health: ['none'], label: ['tier=web'] }, ['paused-one']],
    ];
    for (const [filter, expected] of cases) assert.deepEqual(names(filter), expected, JSON.stringify(filter));
    assert.throws(() => names({ status: ['nonsense'] }), { name: 'InvalidArgumentError' });
    assert.throws(() => names({ nonsense: ['x'] }), { name: 'InvalidArgumentError' });
    assert.throws(() => names({ before: ['nobody'] }), { name: 'NotFoundError' });
  });

  it('show processes with the columns of ps', async () => {
    const pid = String(runs.inspect().State.Pid);
    const table = await runs.top();
    assert.deepEqual(table.Titles, ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
    assert.deepEqual(
      table.Processes.map((row) => [row[0], row[1], row.at(-1)]),
      [['root', pid, '/bin/sleep 1000']],
    );
    const exec = runs.exec({ Cmd: ['/bin/sh', '-c', 'read x'], AttachStdin: true });
    await exec.start();
    const own = await runs.top('-o pid,args');
    assert.deepEqual(own, {
      Titles: ['PID', 'COMMAND'],
      Processes: [
        [pid, '/bin/sleep 1000'],
        [String(exec.inspect().Pid), '/bin/sh -c read x'],
      ],
    });
    assert.deepEqual((await runs.top('aux')).Titles.slice(0, 2), ['USER', 'PID']);
    await assert.rejects(runs.top('-eo foo=PID'), /specifying "foo=PID" is not allowed/);
    await assert.rejects(runs.top('--nonsense'), /ps: error/);
    await assert.rejects(created.top(), /is not running/);
    assert.equal((await paused.top()).Processes.length, 1);
  });

  it('tell events of the past and those to come, as they are asked for', async () => {
    const since = new Date();
    const filters = Filters.of({ container: ['renamed-twice'], event: ['rename', 'start', 'die'] });
    const giveUp = new AbortController();
    const live = host.engine.events({ signal: giveUp.signal, filters: Filters.of({ event: ['rename'] }) });
    const c = await host.create(sh('exit 2'), {}, 'before');
    await c.rename('renamed');
    await c.rename('renamed-twice');
    const end = c.wait('next-exit', WAIT);
    await c.start();
    await end;
    const seen: [string, string | undefined][] = [];
    for await (const { Action, Actor } of host.engine.events({ since, until: new Date(), filters })) {
      seen.push([Action, Action === 'die' ? Actor.Attributes.exitCode : Actor.Attributes.oldName]);
    }
    assert.deepEqual(seen, [
      ['rename', '/renamed'],
      ['start', undefined],
      ['die', '2'],
    ]);
    const renames: (string | undefined)[] = [];
    for await (const { Actor } of live) if (renames.push(Actor.Attributes.name) === 2) break;
    assert.deepEqual(renames, ['renamed', 'renamed-twice']);
    assert.throws(() => host.engine.events({ since: new Date(), until: since }), /cannot be after `until`/);
    await c.remove();
  });

  it('refuse a rename that says nothing new', async () => {
    await assert.rejects(runs.rename('runs'), /Renaming a container with the same name as its current name/);
    await assert.rejects(runs.rename(''), /Neither old nor new names may be empty/);
    await assert.rejects(runs.rename('not/ok'), { name: 'InvalidArgumentError' });
    await assert.rejects(runs.rename('ended'), { name: 'ConflictError' });
    assert.equal(host.engine.container('runs').id, runs.id);
  });

  it('prune what does not run, and count what is free then', async () => {
    const spared = await host.engine.prune(Filters.of({ label: ['keep=no'] }));
    assert.deepEqual([spared.ContainersDeleted, spared.SpaceReclaimed], [[], 0]);
    const old = await host.engine.prune(Filters.of({ until: ['1h'] }));
    assert.deepEqual(old.ContainersDeleted, []);
    await assert.rejects(host.engine.prune(Filters.of({ name: ['x'] })), { name: 'InvalidArgumentError' });
    const first = await host.engine.prune(Filters.of({ 'label!': ['keep'] }));
    assert.deepEqual(first.ContainersDeleted, [ended.id]);
    assert.ok(first.SpaceReclaimed >= 500_000, `${first.SpaceReclaimed}`);
    const rest = await host.engine.prune();
    assert.deepEqual(rest.ContainersDeleted, [created.id]);
    assert.deepEqual(names({}), ['runs', 'paused-one']);
  });
});
