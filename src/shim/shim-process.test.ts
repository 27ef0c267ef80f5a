import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isAlive } from '../platform/process.js';
import { identify } from '../platform/process-identity.js';
import { endShim, findShims } from './shim-process.js';

describe('findShims', () => {
  let dir = '';
  let children: ChildProcess[] = [];
  beforeEach(() => {
    dir = realpathSync(mkdtempSync(join(tmpdir(), 'lcd-shims-')));
    mkdirSync(join(dir, 'bundles', 'ns', 'c1'), { recursive: true });
    children = [];
  });
  afterEach(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(dir, { recursive: true });
  });
  const bundle = () => join(dir, 'bundles', 'ns', 'c1');
  /** A shell that has the command line of a shim, and waits for the end of its input. */
  const start = async (args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) => {
    const child = spawn('/bin/sh', ['-c', 'echo; read -r line', 'containerd-shim', ...args], {
      ...options,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(child.stdout ?? child, 'data');
    const identity = identify(child.pid ?? 0);
    assert.ok(identity);
    return { pid: identity.pid, startTime: identity.startTime };
  };
  const find = (addresses: readonly string[] = []) => findShims({ bundles: join(dir, 'bundles'), addresses });

  it('finds those that work in a bundle, also in one that is gone', async () => {
    const one = await start(['-namespace', 'ns', '-id', 'c1', '-address', '/a.sock'], { cwd: bundle() });
    assert.deepEqual(await find(), [{ ...one, namespace: 'ns', id: 'c1', cwd: bundle() }]);
    renameSync(bundle(), join(dir, 'bundles', 'ns', '.c1'));
    rmSync(join(dir, 'bundles', 'ns', '.c1'), { recursive: true });
    const [found] = await find();
    assert.deepEqual([found?.pid, found?.cwd], [one.pid, join(dir, 'bundles', 'ns', '.c1')]);
  });

  it('reads the flags of both generations', async () => {
    const v1 = await start(['--namespace=ns', '-workdir', '/w/moby/c2', '-debug'], { cwd: bundle() });
    const ours = await start(['-namespace', 'ns', '-workdir', join(bundle(), 'work')], { cwd: bundle() });
    const found = (await find()).sort((a, b) => a.id.localeCompare(b.id));
    assert.deepEqual(found, [
      { ...ours, namespace: 'ns', id: 'c1', cwd: bundle() },
      { ...v1, namespace: 'ns', id: 'c2', cwd: bundle() },
    ]);
  });

  it('finds by address and by environment', async () => {
    const one = await start(['-namespace', 'ns', '-id', 'c1', '-address', '/ours'], { cwd: '/' });
    const two = await start(['-namespace', 'ns', '-id', 'c2'], { cwd: '/', env: { A: 'b', TTRPC_ADDRESS: '/e.sock' } });
    const pids = async (...addresses: string[]) => (await find(addresses)).map(({ pid }) => pid);
    assert.deepEqual(await pids('/ours'), [one.pid]);
    assert.deepEqual(await pids('/e.sock'), [two.pid]);
    assert.deepEqual(await pids('/other', '/our', '/e.soc', ''), []);
    assert.deepEqual(await pids(), []);
  });

  it('passes over what is no shim or works elsewhere', async () => {
    mkdirSync(join(dir, 'bundles2'));
    await start(['-namespace', 'ns'], { cwd: bundle() });
    await start(['-id', 'c1'], { cwd: bundle() });
    await start(['-namespace', 'ns', '-id', 'c1'], { cwd: join(dir, 'bundles2') });
    assert.deepEqual(await find(), []);
  });

  it('is given up', async () => {
    const query = { bundles: join(dir, 'bundles') };
    await assert.rejects(findShims(query, { signal: AbortSignal.abort() }), { errorClass: 'canceled' });
    await assert.rejects(findShims(query, { timeoutMs: -1 }), { errorClass: 'deadline-exceeded' });
  });

  it('ends the process and waits for it', async () => {
    const shim = await start(['-namespace', 'ns', '-id', 'c1']);
    await endShim(shim);
    assert.equal(identify(shim.pid), undefined);
    await endShim(shim);
  });

  it('leaves another process with the pid alone', async () => {
    const shim = await start(['-namespace', 'ns', '-id', 'c1']);
    await endShim({ ...shim, startTime: shim.startTime - 1 });
    assert.ok(isAlive(shim.pid));
    await assert.rejects(endShim(shim, { signal: AbortSignal.abort() }), { errorClass: 'canceled' });
    assert.ok(isAlive(shim.pid));
  });
});
