import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeadlineExceeded, isNotFound, isUnavailable } from '../../../src/errdefs/index.js';
import { readMounts } from '../../../src/platform/mount-info.js';
import { identify } from '../../../src/platform/process-identity.js';
import { readBootstrap, readShimBinary } from '../../../src/shim/bundle-files.js';
import { cgroupRoots } from '../../../src/shim/shim-cgroup.js';
import { createShimV2 } from '../../../src/shimv2/index.js';
import { socketFile } from '../../../src/shimv2/sockets.js';
import { freeze } from '../host/freeze.js';
import { until } from '../host/until.js';
import { ShimHost } from './v2-host.js';

export interface ShimFacts {
  readonly binary: string;
  readonly apiVersion: 2 | 3;
  /** Whether it looks into config.json at start. */
  readonly readsSpec: boolean;
}

/** What every runc shim does, whatever its generation. */
export function describeShim({ binary, apiVersion, readsSpec }: ShimFacts): void {
  const dialect = createShimV2();
  let host: ShimHost;
  before(async () => {
    host = await ShimHost.start(binary);
  });
  after(() => host.stop());

  it('lives through create, start, exec, wait, delete and shutdown', async () => {
    const params = await host.params('life', { args: ['/bin/sh', '-c', "trap 'exit 7' TERM; sleep 1000 & wait"] });
    const shim = await dialect.start(params);
    assert.equal(shim.apiVersion, apiVersion);
    assert.deepEqual(
      (await host.shims()).map(({ pid }) => pid),
      [shim.pid],
    );
    const bootstrap = await readBootstrap(params.bundle);
    assert.equal(bootstrap?.version, apiVersion);
    assert.equal(await readShimBinary(params.bundle), binary);

    const pid = await host.run(shim, params);
    assert.ok(identify(pid) !== undefined);
    const execPid = await host.exec(shim, 'life', 'e1', 'exit 3');
    assert.equal((await shim.tasks.wait({ id: 'life', execId: 'e1' })).exitStatus, 3);
    const exec = await shim.tasks.delete({ id: 'life', execId: 'e1' });
    assert.deepEqual([exec.pid, exec.exitStatus], [execPid, 3]);
    await assert.rejects(shim.tasks.kill({ id: 'life', execId: 'e2', signal: 9, all: false }), isNotFound);

    const wait = shim.tasks.wait({ id: 'life', execId: '' }, { timeoutMs: 20_000 });
    await shim.tasks.kill({ id: 'life', execId: '', signal: 15, all: false });
    assert.equal((await wait).exitStatus, 7);
    assert.equal((await shim.tasks.delete({ id: 'life', execId: '' })).exitStatus, 7);
    assert.deepEqual(await host.remains(params), []);
    // Before the shutdown: what it has not sent by then, the shim of containerd 2.1 takes with it.
    for (const topic of ['/tasks/create', '/tasks/start', '/tasks/exit', '/tasks/delete']) {
      await until(topic, () => host.events.some((event) => event.topic === topic));
    }
    await host.shutdown(shim, 'life');
    assert.ok(isUnavailable(await shim.closed));
    await host.bundles.remove(params.bundle);
  });

  it('is left alone by close, and found again', async () => {
    const params = await host.params('again');
    const first = await dialect.start(params);
    const pid = await host.run(first, params);
    first.close();
    await first.closed;
    const second = await dialect.connect(params);
    assert.equal(second.pid, first.pid);
    assert.equal(second.apiVersion, apiVersion);
    assert.equal((await second.tasks.state({ id: 'again', execId: '' })).pid, pid);
    await host.discard(second, params);
  });

  it('is taken for dead only when it is', async () => {
    const params = await host.params('frozen');
    const shim = await dialect.start(params);
    await host.run(shim, params);
    await freeze(shim.pid);
    await until('its threads to stop', () => isStopped(shim.pid));
    try {
      const startedAt = Date.now();
      await assert.rejects(dialect.connect(params, { timeoutMs: 500 }), isDeadlineExceeded);
      assert.ok(Date.now() - startedAt < 2_000);
    } finally {
      process.kill(shim.pid, 'SIGCONT');
    }
    const again = await dialect.connect(params);
    again.close();
    await host.discard(shim, params);
    await shim.closed;
    await assert.rejects(dialect.connect(params), isUnavailable);
  });

  it('leaves nothing of a container when it is killed and cleaned up after', async () => {
    const params = await host.params('killed');
    const shim = await dialect.start(params);
    const pid = await host.run(shim, params);
    const bootstrap = await readBootstrap(params.bundle);
    process.kill(shim.pid, 'SIGKILL');
    assert.ok(isUnavailable(await shim.closed));
    await assert.rejects(dialect.connect(params), isUnavailable);
    const before = Date.now();
    const dead = await dialect.cleanup(params);
    assert.deepEqual([dead.pid, dead.exitStatus], [pid, 137]);
    assert.ok(Math.abs(dead.exitedAt.getTime() - before) < 10_000, dead.exitedAt.toISOString());
    assert.equal(identify(pid), undefined);
    assert.deepEqual(await host.remains(params), []);
    assert.ok(!existsSync(socketFile(bootstrap?.address ?? '') ?? ''));
    assert.equal((await dialect.cleanup(params)).exitStatus, 137);
    await host.bundles.remove(params.bundle);
  });

  it('leaves nothing of a paused container either, with and without its delete', async () => {
    for (const isHelped of [true, false]) {
      const params = await host.params(`paused-${isHelped}`);
      const shim = await dialect.start(params);
      const pid = await host.run(shim, params);
      await shim.tasks.pause({ id: params.id });
      process.kill(shim.pid, 'SIGKILL');
      await shim.closed;
      if (!isHelped) {
        const dead = await dialect.cleanup({ ...params, binary: join(host.folder, 'none'), options: undefined });
        assert.equal(dead.pid, pid);
        assert.equal(identify(pid), undefined);
      }
      await dialect.cleanup(params);
      assert.equal(identify(pid), undefined);
      assert.deepEqual(await host.remains(params), []);
      await host.bundles.remove(params.bundle);
    }
  });

  it('leaves nothing of a create in the middle of which it died', async () => {
    for (const afterMs of [1, 20, 40]) {
      const params = await host.params(`halfway-${afterMs}`);
      const shim = await dialect.start(params);
      const created = host.create(shim, params).catch(() => 0);
      await pause(afterMs);
      process.kill(shim.pid, 'SIGKILL');
      await created;
      await shim.closed;
      await dialect.cleanup(params);
      assert.deepEqual(await host.remains(params), []);
      await host.bundles.remove(params.bundle);
    }
  });

  it('is ended by a cleanup when a crash of ours kept it from being noted', async () => {
    const params = await host.params('unnoted');
    const shim = await dialect.start(params);
    for (const file of ['bootstrap.json', 'address']) await rm(join(params.bundle.path, file), { force: true });
    await assert.rejects(dialect.connect(params), isUnavailable);
    await dialect.cleanup(params);
    assert.equal(identify(shim.pid), undefined);
    assert.ok(isUnavailable(await shim.closed));
    await host.bundles.remove(params.bundle);
  });

  it('is believed about an exit that it saw before it died', async () => {
    const params = await host.params('seen');
    const shim = await dialect.start(params);
    await host.run(shim, params);
    process.kill(shim.pid, 'SIGKILL');
    await shim.closed;
    const record = { Timestamp: '2026-09-04T10:11:12.5Z', Pid: 4711, Status: 9 };
    await writeFile(join(params.bundle.path, 'exitstatus.json'), JSON.stringify(record));
    assert.deepEqual(await dialect.cleanup(params), {
      pid: 4711,
      exitStatus: 9,
      exitedAt: new Date('2026-09-04T10:11:12.500Z'),
    });
    await host.bundles.remove(params.bundle);
  });

  it('is done without where its delete cannot do it', async () => {
    const params = await host.params('helpless');
    const shim = await dialect.start(params);
    const pid = await host.run(shim, params);
    process.kill(shim.pid, 'SIGKILL');
    await shim.closed;
    // First the runtime's own delete does it, then there is no shim, no runtime and no word of either.
    const gone = { ...params, binary: join(host.folder, 'containerd-shim-runc-v2') };
    assert.deepEqual((await dialect.cleanup(gone)).pid, pid);
    assert.equal(identify(pid), undefined);
    assert.deepEqual(await host.remains(params), []);

    await host.bundles.remove(params.bundle);
    const second = await host.params('hopeless');
    const other = await dialect.start(second);
    const otherPid = await host.run(other, second);
    process.kill(other.pid, 'SIGKILL');
    await other.closed;
    await rm(join(second.bundle.path, 'runtime'), { force: true });
    const nothing = { ...second, binary: join(host.folder, 'none'), options: undefined };
    const dead = await dialect.cleanup(nothing);
    assert.deepEqual([dead.pid, dead.exitStatus], [otherPid, 137]);
    assert.equal(identify(otherPid), undefined);
    // What only the runtime knows stays for one that has it.
    await dialect.cleanup(second);
    assert.deepEqual(await host.remains(second), []);
    await host.bundles.remove(second.bundle);
  });

  it('says why it did not start, and leaves nothing', async () => {
    const params = await host.params('unstarted');
    if (readsSpec) {
      await writeFile(join(params.bundle.path, 'config.json'), 'no spec');
      await assert.rejects(dialect.start(params), { code: 'ERR_SHIM_START', message: /start shim of unstarted/ });
    }
    assert.deepEqual(await host.shims(), []);
    const missing = { ...params, binary: '/nowhere/containerd-shim-runc-v2' };
    await assert.rejects(dialect.start(missing), { code: 'ERR_RUNTIME_NOT_FOUND' });
    await assert.rejects(dialect.start(params, { signal: AbortSignal.abort() }), { errorClass: 'canceled' });
    await host.bundles.remove(params.bundle);
  });

  it('leaves nothing when its start is given up at any moment', async () => {
    for (const timeoutMs of [1, 10, 20, 30, 40, 60]) {
      const params = await host.params(`given-up-${timeoutMs}`);
      try {
        const shim = await dialect.start(params, { timeoutMs });
        await host.shutdown(shim, params.id);
        await shim.closed;
      } catch (err) {
        assert.ok(isDeadlineExceeded(err), String(err));
      }
      await until('no shim', async () => (await host.shims()).length === 0);
      await host.bundles.remove(params.bundle);
    }
  });

  it('logs into our log', async () => {
    const lines: string[] = [];
    const params = await host.params('logged');
    const log = recorder(lines);
    const shim = await dialect.start({ ...params, log, debug: true });
    await until('a line of the shim', () => lines.length > 0);
    await host.shutdown(shim, 'logged');
    await shim.closed;
    await host.bundles.remove(params.bundle);
  });

  it('places itself: in the cgroup of its options, with an OOM score by ours', async () => {
    const cgroup = '/libcontainerd-test/shims';
    // Of v1 the memory hierarchy alone: a cgroup of cpuset takes nobody before it was told its processors.
    const roots = cgroupRoots(await readMounts()).filter((root) => !/cgroup\/(?!memory)/.test(root));
    const folders = roots.map((root) => join(root, cgroup));
    for (const folder of folders) await mkdir(folder, { recursive: true });
    const params = await host.params('placed', { options: { shimCgroup: cgroup } });
    const shim = await dialect.start(params);
    const score = async (pid: number | 'self') => Number(await readFile(`/proc/${pid}/oom_score_adj`, 'utf8'));
    assert.equal(await score(shim.pid), Math.min(1000, (await score('self')) + 1));
    assert.match(await readFile(`/proc/${shim.pid}/cgroup`, 'utf8'), /:(memory)?:.*\/libcontainerd-test\/shims$/m);
    await host.shutdown(shim, 'placed');
    await shim.closed;
    await until('the end of the shim', () => identify(shim.pid) === undefined);
    for (const folder of folders) await rmdir(folder);
    await host.bundles.remove(params.bundle);
  });
}

/** A stop reaches one thread after the other; one that still runs may answer. */
async function isStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const stats = await Promise.all(threads.map((tid) => readFile(`/proc/${pid}/task/${tid}/stat`, 'utf8')));
  return stats.every((stat) => stat.slice(stat.lastIndexOf(')')).startsWith(') T'));
}

function recorder(lines: string[]) {
  const keep = (_fields: object, message: string) => void lines.push(message);
  const log = { debug: keep, info: keep, warn: keep, error: keep, child: () => log };
  return log;
}
