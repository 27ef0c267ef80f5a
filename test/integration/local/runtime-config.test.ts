import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { LocalClient } from '../../../src/libcontainerd/local/linux/client.js';
import type { Task } from '../../../src/libcontainerd/types.js';
import { openRuntimeConfig, ReloadableRuntimes, runtimesFromDaemonJson } from '../../../src/runtimes/index.js';
import { LocalHost } from '../host/local-host.js';
import { crunRefuses, missing } from '../host/requirements.js';
import { discard, type Running, sh } from '../host/run-container.js';
import { bundleOf, victimSpec } from './traces.js';

const skip = missing('runc', 'busybox', 'containerd-shim-runc-v2');
describe('runtimes of a daemon.json on the embedded core', { skip }, () => {
  let host: LocalHost;
  let client: LocalClient;
  let runtimes: ReloadableRuntimes;

  before(async () => {
    host = await LocalHost.start();
    client = await host.client();
    runtimes = new ReloadableRuntimes(
      await openRuntimeConfig({
        root: join(host.folder, 'root'),
        execOpts: ['native.cgroupdriver=cgroupfs'],
        runtimes: runtimesFromDaemonJson({
          wrapped: { path: 'runc', runtimeArgs: ['--debug', '--criu', "a $HOME 'quoted' path"] },
          path: { path: '/usr/bin/crun' },
          typed: {
            runtimeType: 'io.containerd.runc.v2',
            options: { BinaryName: 'crun', Root: join(host.folder, 'own-root') },
          },
          gone: { path: '/opt/none/runc', runtimeArgs: ['--debug'] },
        }),
      }),
    );
  });
  after(() => host.stop());

  async function start(id: string, name: string): Promise<Running & { script: string | undefined }> {
    const { runtime, runtimeOptions, script, cgroupsPath } = await runtimes.current.resolveRuntime(name);
    const spec = victimSpec(host, { args: ['/bin/sleep', '1000'] });
    const own = { ...spec, linux: { ...spec.linux, cgroupsPath: cgroupsPath(id, '/libcontainerd-test') } };
    const container = await client.newContainer(id, { spec: own, runtime, runtimeOptions });
    const task = await container.newTask();
    await task.start();
    return { container, task, script };
  }

  async function exitOfExec(task: Task, id: string): Promise<number> {
    const exec = await task.exec(id, { args: sh('exit 7'), cwd: '/', env: ['PATH=/bin'] });
    await exec.start();
    return (await exec.wait({ timeoutMs: 10_000 })).code;
  }

  const noCrun = missing('crun') || crunRefuses();
  // Each OCI runtime keeps its state in a file of its own name.
  it('run the program at a path', { skip: noCrun }, async () => {
    const running = await start('path', 'path');
    assert.ok(existsSync(join(host.core.state, 'runc', 'test', 'path', 'status')));
    await discard(running);
  });

  it('run a shim with options', { skip: noCrun }, async () => {
    const running = await start('typed', 'typed');
    assert.ok(existsSync(join(host.folder, 'own-root', 'test', 'typed', 'status')));
    assert.equal(await exitOfExec(running.task, 'e'), 7);
    await discard(running);
  });

  it('refuse a program that is not there, before a shim is started', async () => {
    await assert.rejects(start('gone', 'gone'), {
      name: 'InvalidArgumentError',
      message: 'error while looking up the specified runtime path: /opt/none/runc is not there or cannot be executed',
    });
    assert.deepEqual(await host.leftovers(), []);
  });

  it('give arguments by a script, which no reload takes from what runs by it', async () => {
    const running = await start('wrapped', 'wrapped');
    const { script } = running;
    assert.ok(script !== undefined);
    assert.match(readFileSync(join(bundleOf(host, 'wrapped').path, 'log.json'), 'utf8'), /"level":"debug"/);

    const entry = runtimesFromDaemonJson({ wrapped: { path: '/opt/none/runc', runtimeArgs: ['--other'] } });
    await runtimes.reload({ runtimes: entry });
    await assert.rejects(start('later', 'wrapped'), /error while looking up the specified runtime path/);
    assert.equal(await exitOfExec(running.task, 'reloaded'), 7);

    // A new life of the engine, with what is configured now.
    await host.reopen();
    client = await host.client();
    assert.deepEqual(
      (await runtimes.current.sweepScripts([script])).map((path) => path.replace(/\.[0-9a-f]{64}$/, '')),
      [join(host.folder, 'root', 'runtimes', 'gone')],
    );
    const container = await client.loadContainer('wrapped');
    const task = await container.attachTask(() => {});
    assert.equal(await exitOfExec(task, 'reopened'), 7);
    await discard({ container, task });
    assert.deepEqual(await runtimes.current.sweepScripts([]), [script]);
  });
});
