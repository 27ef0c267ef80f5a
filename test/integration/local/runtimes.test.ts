import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { EngineError } from '../../../src/errdefs/index.js';
import type { LocalClient } from '../../../src/libcontainerd/local/linux/client.js';
import type { RuntimeOptions } from '../../../src/libcontainerd/types.js';
import { commandLine } from '../../../src/platform/process.js';
import { LocalHost } from '../host/local-host.js';
import { crunRefuses, missing } from '../host/requirements.js';
import { discard, finish, type Running, sh } from '../host/run-container.js';
import { shimPidOf, victimSpec } from './traces.js';

const SLEEP = ['/bin/sleep', '1000'];
const STOCK = [
  ['runc', 'containerd-shim-runc-v2'],
  ['io.containerd.runc.v2', 'containerd-shim-runc-v2'],
  ['io.containerd.runc.v1', 'containerd-shim-runc-v1'],
  ['io.containerd.runtime.v1.linux', 'containerd-shim'],
] as const;

const skip = missing('runc', 'busybox');
describe('runtimes of the embedded core', { skip }, () => {
  let host: LocalHost;
  let client: LocalClient;
  before(async () => {
    host = await LocalHost.start();
    client = await host.client();
  });
  after(() => host.stop());

  async function start(id: string, runtime: string, args = SLEEP, runtimeOptions?: RuntimeOptions): Promise<Running> {
    const container = await client.newContainer(id, { spec: victimSpec(host, { args }), runtime, runtimeOptions });
    const task = await container.newTask();
    await task.start();
    return { container, task };
  }

  async function shimProgramOf(id: string): Promise<string> {
    return (await commandLine(await shimPidOf(host, id)))?.[0] ?? '';
  }

  async function refused(runtime: string, patterns: readonly RegExp[], runtimeOptions?: RuntimeOptions): Promise<void> {
    const options = { spec: victimSpec(host, { args: SLEEP }), runtime, runtimeOptions };
    const err = await (async () => {
      const container = await client.newContainer('refused', options);
      await container.newTask().finally(() => container.delete());
    })().then(
      () => assert.fail(`${runtime} was taken`),
      (cause: unknown) => cause,
    );
    assert.ok(err instanceof EngineError, String(err));
    assert.equal(err.code, 'ERR_RUNTIME_NOT_FOUND', err.message);
    for (const pattern of patterns) assert.match(err.message, pattern);
    assert.deepEqual(await client.containers(), []);
    assert.deepEqual(await host.leftovers(), []);
  }

  for (const [runtime, program] of STOCK) {
    it(`runs ${runtime} on ${program}`, { skip: missing(program) }, async () => {
      const running = await start('stock', runtime);
      assert.equal(running.container.runtime, runtime);
      assert.equal(await shimProgramOf('stock'), `/usr/bin/${program}`);
      const exec = await running.task.exec('e', { args: sh('exit 7'), cwd: '/', env: ['PATH=/bin'] });
      await exec.start();
      assert.equal((await exec.wait({ timeoutMs: 10_000 })).code, 7);
      await discard(running);
    });
  }

  it('runs crun', { skip: missing('crun', 'containerd-shim-runc-v2') || crunRefuses() }, async () => {
    const running = await start('crun', 'crun', sh('exit 5'));
    assert.equal(await shimProgramOf('crun'), '/usr/bin/containerd-shim-runc-v2');
    assert.equal((await finish(running)).code, 5);
  });

  it('runs a shim that is named by its path', { skip: missing('containerd-shim-runc-v2') }, async () => {
    const folder = join(host.folder, 'shims');
    await mkdir(folder);
    const path = join(folder, 'containerd-shim-runc-v2');
    await copyFile('/usr/bin/containerd-shim-runc-v2', path);
    await chmod(path, 0o755);
    const running = await start('path', path);
    assert.equal(await shimProgramOf('path'), path);
    await discard(running);
  });

  it('gives options to the OCI runtime', { skip: missing('containerd-shim-runc-v2') }, async () => {
    const root = join(host.folder, 'my-runc');
    const running = await start('options', 'runc', SLEEP, { kind: 'runc', root });
    const { stdout } = spawnSync('runc', ['--root', join(root, 'test'), 'list', '-q'], { encoding: 'utf8' });
    assert.equal(stdout.trim(), 'options');
    await discard(running);
  });

  it('says which program a name stands for, and where it was looked for', () =>
    refused('io.containerd.nosuch.v1', [/containerd-shim-nosuch-v1/, /\/usr\/bin/, /no executable file/]));

  it('says that a name is none', () =>
    refused('nosuch', [/"nosuch"/, /neither a name such as io\.containerd\.runc\.v2/]));

  it('says that a path leads nowhere', () =>
    refused('/opt/no/containerd-shim-nosuch-v2', [/\/opt\/no\/containerd-shim-nosuch-v2 is not there/]));

  for (const [runtime, program] of STOCK) {
    it(`says that the OCI runtime is not there, ${runtime}`, { skip: missing(program) }, () =>
      refused(runtime, [/no-such-runc/], { kind: 'runc', binaryName: 'no-such-runc' }),
    );
  }
});
