import assert from 'node:assert/strict';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { missing } from '../host/requirements.js';
import { EngineHost, SLEEP, sh } from './engine-host.js';

const WAIT = { timeoutMs: 30_000 };
const AT_ONCE = 3;
const CONTAINERS = 9;

describe('many operations at once', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  const wrapper = `/tmp/lcd-runc-${process.pid}`;
  const traces = `${wrapper}.log`;
  before(async () => {
    // A runc that notes when a create begins and ends, and takes its time in between.
    const script = `#!/bin/sh
case " $* " in
*" create "*) echo begin >>${traces}; sleep 0.1; runc "$@"; code=$?; echo end >>${traces}; exit $code ;;
*) exec runc "$@" ;;
esac
`;
    await writeFile(wrapper, script);
    await chmod(wrapper, 0o755);
    await writeFile(traces, '');
    host = await EngineHost.start({ concurrency: AT_ONCE, runtimes: { slow: { path: wrapper } } });
  });
  after(async () => {
    await host.stop();
    for (const path of [wrapper, traces]) await rm(path, { force: true });
  });

  it('never start more than they may, and start as many as that', async () => {
    const all = await Promise.all(Array.from({ length: CONTAINERS }, () => host.create(SLEEP, { Runtime: 'slow' })));
    await Promise.all(all.map((c) => c.start()));
    let now = 0;
    let most = 0;
    for (const line of (await readFile(traces, 'utf8')).trim().split('\n')) {
      now += line === 'begin' ? 1 : -1;
      most = Math.max(most, now);
    }
    assert.deepEqual([now, most], [0, AT_ONCE]);
    await Promise.all(all.map((c) => c.remove({ force: true })));
  });

  it('are one after the other on one container', async () => {
    const c = await host.create(SLEEP);
    const starts = await Promise.allSettled(Array.from({ length: 5 }, () => c.start()));
    assert.deepEqual(starts.map(({ status }) => status).sort(), ['fulfilled', ...Array(4).fill('rejected')]);
    for (const start of starts) if (start.status === 'rejected') assert.equal(start.reason.name, 'NotModifiedError');
    const pauses = await Promise.allSettled([c.pause(), c.pause(), c.unpause(), c.pause(), c.unpause()]);
    assert.deepEqual(
      pauses.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
    );
    const [first, second] = await Promise.allSettled([c.rename('one-name'), c.rename('other-name')]);
    assert.deepEqual([first.status, second.status, c.name], ['fulfilled', 'fulfilled', 'other-name']);
    const stops = await Promise.allSettled([c.stop({ timeoutSeconds: 0 }), c.kill(), c.restart({ timeoutSeconds: 0 })]);
    assert.equal(stops[2].status, 'fulfilled', String(Reflect.get(stops[2], 'reason')));
    assert.equal(c.inspect().State.Status, 'running');
  });

  it('on one name let one win', async () => {
    const all = await Promise.allSettled(Array.from({ length: 4 }, () => host.create(SLEEP, {}, 'wanted')));
    assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const each of all) if (each.status === 'rejected') assert.equal(each.reason.name, 'ConflictError');
    const exits = await host.create(sh('exit 4'));
    const waits = Array.from({ length: 50 }, () => exits.wait('next-exit', WAIT));
    await exits.start();
    assert.deepEqual(new Set((await Promise.all(waits)).map(({ exitCode }) => exitCode)), new Set([4]));
  });
});
