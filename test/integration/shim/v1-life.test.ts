import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isAlreadyExists, isNotFound } from '../../../src/errdefs/index.js';
import { createLogger } from '../../../src/log/logger.js';
import { isAlive, processStartTime } from '../../../src/platform/process.js';
import { packAny, packJson, unpackAny } from '../../../src/protocol/any.js';
import { CreateOptions } from '../../../src/protocol/gen/containerd/options/linux_runc.js';
import { ProcessDetails } from '../../../src/protocol/gen/containerd/options/runc.js';
import { Status } from '../../../src/protocol/gen/containerd/types/task.js';
import { readBootstrap, readShimBinary, readShimRecord } from '../../../src/shim/bundle-files.js';
import { shimV1 } from '../../../src/shimv1/index.js';
import { missing } from '../host/requirements.js';
import { collect, sh } from '../host/run-container.js';
import { until } from '../host/until.js';
import { FOREVER, processSpec, SIGKILL, SIGTERM, V1Host } from './v1-fixture.js';

const skip = missing('containerd-shim', 'runc', 'busybox');
const SLEEP = ['/bin/sleep', '1000'];

describe('shim API v1', { skip }, () => {
  let host: V1Host;
  before(async () => {
    host = await V1Host.start();
  });
  after(() => host.stop());

  it('runs a container from start to shutdown', async () => {
    const box = await host.box('life', { args: sh('echo out; echo err >&2; exit 7') });
    const { shim, stdio, pid } = await box.create();
    assert.equal(shim.apiVersion, 1);
    const output = Promise.all([collectOf(stdio.streams.stdout), collectOf(stdio.streams.stderr)]);
    assert.equal((await shim.tasks.state(box.task)).status, Status.CREATED);
    const early = shim.tasks.wait(box.task, FOREVER);
    assert.deepEqual(await shim.tasks.connect({ id: box.id }), { shimPid: shim.pid, taskPid: pid, version: 'v1' });
    assert.deepEqual(await shim.tasks.start(box.task), { pid });
    const exit = await early;
    assert.equal(exit.exitStatus, 7);
    assert.ok(exit.exitedAt !== undefined && Math.abs(Date.now() - exit.exitedAt.getTime()) < 60_000);
    assert.deepEqual(await output, ['out\n', 'err\n']);
    assert.deepEqual(await shim.tasks.wait(box.task), exit);
    const state = await shim.tasks.state(box.task);
    assert.deepEqual(
      [state.id, state.execId, state.bundle, state.pid, state.status, state.exitStatus],
      [box.id, '', box.params.bundle.path, pid, Status.STOPPED, 7],
    );
    assert.deepEqual(await shim.tasks.delete(box.task), { pid, ...exit });
    await assert.rejects(shim.tasks.state(box.task), isNotFound);
    await shim.tasks.shutdown({ id: box.id, now: false });
    await shim.closed;
    assert.equal(await processStartTime(shim.pid), undefined);
    await stdio.close();
    assert.deepEqual(await box.leftovers(), []);
  });

  it('notes in the bundle what finds the shim again', async () => {
    const box = await host.box('noted', { args: SLEEP });
    const running = await box.run();
    assert.deepEqual(await readBootstrap(box.params.bundle), {
      version: 1,
      address: `unix://${box.socket}`,
      protocol: 'ttrpc',
    });
    assert.equal(await readShimBinary(box.params.bundle), box.params.binary);
    assert.deepEqual(await readShimRecord(box.params.bundle), { api: 'v1', pid: running.shim.pid });
    const score = async (pid: number | 'self') => Number(await readFile(`/proc/${pid}/oom_score_adj`, 'utf8'));
    assert.equal(await score(running.shim.pid), Math.min(1000, (await score('self')) + 1));
    await box.end(running);
  });

  it('goes on at shutdown while it has a task, and refuses a second shim', async () => {
    const box = await host.box('busy', { args: SLEEP });
    const running = await box.run();
    await running.shim.tasks.shutdown({ id: box.id, now: true });
    assert.ok(isAlive(running.shim.pid));
    await assert.rejects(shimV1.start(box.params), isAlreadyExists);
    assert.equal((await running.shim.tasks.state(box.task)).status, Status.RUNNING);
    await box.end(running);
  });

  it('runs execs beside it', async () => {
    const box = await host.box('execs', { args: SLEEP });
    const running = await box.run();
    const { tasks } = running.shim;
    const exec = box.exec('one');
    const stdio = await box.stdioOf('one', { terminal: false, stdin: true });
    const request = { ...exec, ...stdio.config, spec: processSpec(['/bin/cat']) };
    await tasks.exec(request);
    await assert.rejects(tasks.exec(request), isAlreadyExists);
    const { pid } = await tasks.start(exec);
    stdio.peerOpened();
    stdio.setCloseStdin(async () => {
      await tasks.closeIO({ ...exec, stdin: true });
    });
    const { processes } = await tasks.pids({ id: box.id });
    const names = processes.map((each) => [each.pid, execIdOf(each.info)]);
    assert.deepEqual(
      new Map(names.map(([key, value]) => [key, value])),
      new Map([
        [running.pid, ''],
        [pid, 'one'],
      ]),
    );
    const state = await tasks.state(exec);
    assert.deepEqual([state.id, state.execId, state.pid, state.status], [box.id, 'one', pid, Status.RUNNING]);
    const output = collectOf(stdio.streams.stdout);
    stdio.streams.stdin?.end('through stdin');
    assert.equal((await tasks.wait(exec, FOREVER)).exitStatus, 0);
    assert.equal(await output, 'through stdin');
    assert.equal((await tasks.delete(exec)).pid, pid);
    await assert.rejects(tasks.state(exec), isNotFound);
    await assert.rejects(tasks.delete(exec), isNotFound);
    assert.equal((await tasks.state(box.task)).status, Status.RUNNING);
    await stdio.close();
    await box.end(running);
  });

  it('gives a terminal its size', async () => {
    const box = await host.box('tty', { args: sh('read line; stty size'), terminal: true, stdin: true });
    const { shim, stdio } = await box.run();
    const output = collectOf(stdio.streams.stdout);
    await shim.tasks.resizePty({ ...box.task, width: 91, height: 27 });
    stdio.streams.stdin?.write('\n');
    assert.equal((await shim.tasks.wait(box.task, FOREVER)).exitStatus, 0);
    await box.end({ shim, stdio });
    assert.match(await output, /27 91/);
  });

  it('pauses, resumes, updates and signals', async () => {
    const box = await host.box('steer', {
      args: sh('trap "exit 9" TERM; echo ready; while :; do sleep 60 & wait $!; done'),
    });
    const running = await box.run();
    const { tasks } = running.shim;
    await new Promise((resolve) => running.stdio.streams.stdout?.once('data', resolve));
    await tasks.pause({ id: box.id });
    assert.equal((await tasks.state(box.task)).status, Status.PAUSED);
    await tasks.resume({ id: box.id });
    assert.equal((await tasks.state(box.task)).status, Status.RUNNING);
    const limit = 64 * 1024 * 1024;
    const resources = packJson('LinuxResources', { memory: { limit } });
    await tasks.update({ id: box.id, resources, annotations: {} });
    const limitFile = join('/sys/fs/cgroup/memory', box.cgroup, 'memory.limit_in_bytes');
    assert.equal(Number(await readFile(limitFile, 'utf8')), limit);
    await tasks.kill({ ...box.task, signal: SIGTERM, all: false });
    assert.equal((await tasks.wait(box.task, FOREVER)).exitStatus, 9);
    await assert.rejects(tasks.kill({ ...box.task, signal: SIGKILL, all: false }), isNotFound);
    await box.end(running);
  });

  it('answers for what is not there as a shim of API v2 does', async () => {
    const box = await host.box('absent', { args: SLEEP });
    const running = await box.run();
    const { tasks } = running.shim;
    const none = box.exec('none');
    for (const call of [
      () => tasks.state(none),
      () => tasks.start(none),
      () => tasks.delete(none),
      () => tasks.wait(none),
      () => tasks.kill({ ...none, signal: SIGKILL, all: false }),
      () => tasks.resizePty({ ...none, width: 1, height: 1 }),
      () => tasks.closeIO({ ...none, stdin: true }),
    ]) {
      await assert.rejects(call(), isNotFound);
    }
    const pending = tasks.wait(box.task, FOREVER);
    await tasks.kill({ ...box.task, signal: SIGKILL, all: true });
    assert.equal((await pending).exitStatus, 137);
    await tasks.delete(box.task);
    const { id } = box;
    for (const call of [
      () => tasks.state(box.task),
      () => tasks.start(box.task),
      () => tasks.delete(box.task),
      () => tasks.wait(box.task),
      () => tasks.pids({ id }),
      () => tasks.pause({ id }),
      () => tasks.resume({ id }),
      () => tasks.checkpoint({ id, path: '/nowhere', options: undefined }),
      () => tasks.kill({ ...box.task, signal: SIGKILL, all: false }),
      () => tasks.exec({ ...none, stdin: '', stdout: '', stderr: '', terminal: false, spec: processSpec(SLEEP) }),
      () => tasks.update({ id, resources: packJson('LinuxResources', {}), annotations: {} }),
      () => tasks.stats({ id }),
    ]) {
      await assert.rejects(call(), isNotFound);
    }
    assert.equal((await tasks.connect({ id })).taskPid, 0);
    await tasks.shutdown({ id, now: false });
    await running.shim.closed;
    await running.stdio.close();
  });

  it('copies what the shim logs', async () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } });
    const box = await host.box('logging', { args: SLEEP });
    const shim = await shimV1.start({ ...box.params, debug: true, log });
    await until('the shim has logged', () => lines.some((line) => line.includes('serving api on unix socket')));
    assert.ok(lines.every((line) => line.includes('"containerId":"logging"')));
    await shim.tasks.shutdown({ id: box.id, now: false });
    await shim.closed;
  });

  it('tells why a create failed, and takes another', async () => {
    const box = await host.box('failing', { args: ['/bin/no-such-program'] });
    const shim = await shimV1.start(box.params);
    const request = {
      id: box.id,
      bundle: box.params.bundle.path,
      rootfs: [{ type: 'bind', source: host.rootfs, target: '', options: ['rbind'] }],
      stdin: '',
      stdout: '',
      stderr: '',
      terminal: false,
      checkpoint: '',
      parentCheckpoint: '',
      options: undefined,
    };
    // runc looks for the program at create.
    await assert.rejects(shim.tasks.create(request), /no such file or directory/);
    assert.equal((await shim.tasks.connect({ id: box.id })).taskPid, 0);
    await assert.rejects(shim.tasks.create(request), /no such file or directory/);
    await shim.tasks.shutdown({ id: box.id, now: false });
    await shim.closed;
  });

  it('moves the shim into the cgroup that the create options name', async () => {
    const box = await host.box('moved', { args: SLEEP });
    const neighbour = await host.box('neighbour', { args: SLEEP });
    const other = await neighbour.run();
    const options = CreateOptions.create({ shimCgroup: neighbour.cgroup });
    const running = await box.create(packAny('containerd.linux.runc.CreateOptions', CreateOptions, options));
    assert.ok((await readFile(`/proc/${running.shim.pid}/cgroup`, 'utf8')).includes(`memory:${neighbour.cgroup}\n`));
    await box.end(running);
    await until('the shim is gone', () => !isAlive(running.shim.pid));
    await neighbour.end(other);
  });
});

async function collectOf(stream: Parameters<typeof collect>[0] | undefined): Promise<string> {
  return stream === undefined ? '' : (await collect(stream)).toString();
}

function execIdOf(info: Parameters<typeof unpackAny>[0] | undefined): string {
  return info === undefined
    ? ''
    : (unpackAny(info, 'containerd.runc.v1.ProcessDetails', ProcessDetails)?.execId ?? '?');
}
