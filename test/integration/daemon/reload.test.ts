import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { engineOptionsOf, reloadOnHangup } from '../../../src/daemon-core/index.js';
import { createLogger } from '../../../src/log/logger.js';
import { crunRefuses, missing } from '../host/requirements.js';
import { EngineHost, SLEEP } from './engine-host.js';

describe('the configuration of runtimes', {
  skip: missing('containerd-shim-runc-v2', 'runc', 'crun', 'busybox') || crunRefuses(),
}, () => {
  let host: EngineHost;
  let configFile = '';
  let stop = () => {};
  let onReload: (error: Error | undefined) => void = () => {};

  before(async () => {
    host = await EngineHost.start();
    configFile = join(host.folder, 'daemon.json');
    await write({});
    const log = createLogger({ level: 'silent' });
    stop = reloadOnHangup(host.engine, { configFile, log, onReload: (error) => onReload(error) });
  });
  after(async () => {
    stop();
    await host.stop();
  });

  async function write(document: unknown): Promise<void> {
    await writeFile(configFile, typeof document === 'string' ? document : JSON.stringify(document));
  }

  async function hangup(document: unknown): Promise<Error | undefined> {
    await write(document);
    const reloaded = new Promise<Error | undefined>((resolve) => {
      onReload = resolve;
    });
    process.kill(process.pid, 'SIGHUP');
    return reloaded;
  }

  it('is taken anew at SIGHUP, and containers keep what they were made with', async () => {
    const old = await host.running(SLEEP);
    assert.equal(old.inspect().HostConfig.Runtime, 'runc');
    const runtimes = { mine: { runtimeType: 'io.containerd.runc.v2', options: { BinaryName: 'crun' } } };
    assert.equal(await hangup({ runtimes, 'default-runtime': 'mine' }), undefined);
    assert.equal(host.engine.defaultRuntime, 'mine');
    const made = await host.running(SLEEP);
    assert.equal(made.inspect().HostConfig.Runtime, 'mine');
    assert.deepEqual(made.container?.runtime, 'io.containerd.runc.v2');
    assert.equal(await hangup({}), undefined);
    assert.equal(host.engine.defaultRuntime, 'runc');
    // What runs goes on; what is to be started needs its runtime.
    await made.stop({ timeoutSeconds: 0 });
    await assert.rejects(made.start(), /unknown or invalid runtime name: mine/);
    await old.restart({ timeoutSeconds: 0 });
    await host.removeAll();
  });

  it('stays as it is when the new one is wrong', async () => {
    assert.equal(await hangup({ runtimes: { other: { path: 'crun' } }, 'default-runtime': 'other' }), undefined);
    for (const [document, message] of [
      ['{', /unable to configure the daemon with file/],
      [{ runtimes: { x: {} } }, /either a runtimeType or a path must be configured/],
      [{ 'default-runtime': 'nobody' }, /specified default runtime 'nobody' does not exist/],
      [{ nonsense: 1 }, /the following directives don't match any configuration option: nonsense/],
    ] as const) {
      assert.match(String(await hangup(document)), message);
      assert.equal(host.engine.defaultRuntime, 'other');
    }
    assert.equal(await hangup({}), undefined);
  });

  it('is refused when flag and file say the same', async () => {
    await write({ 'default-runtime': 'crun' });
    await assert.rejects(engineOptionsOf({ configFile, flags: { defaultRuntime: 'runc' } }), {
      message:
        'the following directives are specified both as a flag and in the configuration file: default-runtime: (from flag: runc, from file: crun)',
    });
    const options = await engineOptionsOf({ configFile, flags: { addRuntime: ['a=/usr/bin/crun'], concurrency: 3 } });
    assert.deepEqual(options.runtimes, { a: { path: '/usr/bin/crun' } });
    assert.equal(options.defaultRuntime, 'crun');
    assert.equal(options.concurrency, 3);
  });
});
