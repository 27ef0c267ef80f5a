import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openRuntimeConfig, type RuntimeConfigOptions } from './runtime-config.js';
import { ReloadableRuntimes } from './runtime-reload.js';

const V1 = 'io.containerd.runtime.v1.linux';
const RUNC_V2 = 'io.containerd.runc.v2';
const PLAIN = { kind: 'runc', root: undefined, systemdCgroup: false, noPivotRoot: false };

describe('RuntimeConfig', () => {
  let dir = '';
  let bin = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'runtime-config-'));
    bin = join(dir, 'bin');
    mkdirSync(bin);
    for (const name of ['runc', 'crun', 'youki']) writeFileSync(join(bin, name), '#!/bin/sh\n', { mode: 0o755 });
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function open(options: Partial<RuntimeConfigOptions> = {}) {
    const host = { unifiedCgroup: false, systemd: false };
    return openRuntimeConfig({ root: join(dir, 'root'), path: bin, noPivotRoot: false, host, ...options });
  }

  function refused(message: string | RegExp) {
    return { name: 'InvalidArgumentError', code: 'ERR_OPTION_INVALID', message };
  }

  async function madeWith(options: Partial<RuntimeConfigOptions>, name?: string) {
    const { runtime, runtimeOptions } = await (await open(options)).resolveRuntime(name);
    return [runtime, runtimeOptions];
  }

  it('says what a stock name is made with, in words that every backend takes', async () => {
    const config = await open();
    const made = await config.resolveRuntime();
    assert.deepEqual([made.name, made.runtime, made.script, made.warnings], ['runc', RUNC_V2, undefined, []]);
    assert.deepEqual(made.runtimeOptions, { ...PLAIN, binaryName: 'runc' });
    assert.equal((await config.resolveRuntime('')).name, 'runc');
    assert.deepEqual(await madeWith({}, 'crun'), [RUNC_V2, { ...PLAIN, binaryName: 'crun' }]);
    assert.deepEqual(await madeWith({}, RUNC_V2), [RUNC_V2, PLAIN]);
    assert.deepEqual(await madeWith({ defaultRuntime: 'crun' }), [RUNC_V2, { ...PLAIN, binaryName: 'crun' }]);
    assert.deepEqual(await madeWith({ defaultRuntime: '' }), [RUNC_V2, { ...PLAIN, binaryName: 'runc' }]);
  });

  it('fills in what an entry leaves open, and nothing that it says', async () => {
    const runtimes = {
      own: { runtimeType: RUNC_V2, options: { kind: 'runc', binaryName: 'crun', root: '/own', systemdCgroup: false } },
      kata: { runtimeType: 'io.containerd.kata.v2' },
      generic: { runtimeType: 'io.containerd.x.v1', options: { kind: 'generic', typeUrl: 'x', configPath: '/x' } },
      'a/b': { runtimeType: '/opt/containerd-shim-runc-v2' },
    } as const;
    const options = {
      runtimes,
      runcRoot: '/run/runtime-runc',
      execOpts: ['native.cgroupdriver=systemd'],
      noPivotRoot: true,
    };
    const filled = { kind: 'runc', root: '/run/runtime-runc', systemdCgroup: true, noPivotRoot: true };
    assert.deepEqual(await madeWith(options), [RUNC_V2, { ...filled, binaryName: 'runc' }]);
    const own = { ...filled, binaryName: 'crun', root: '/own', systemdCgroup: false };
    assert.deepEqual(await madeWith(options, 'own'), [RUNC_V2, own]);
    assert.deepEqual(await madeWith(options, 'kata'), ['io.containerd.kata.v2', undefined]);
    assert.deepEqual(await madeWith(options, 'generic'), ['io.containerd.x.v1', runtimes.generic.options]);
    assert.deepEqual(await madeWith(options, 'a/b'), ['/opt/containerd-shim-runc-v2', filled]);
  });

  it('takes the name of a shim that nobody configured, and no path of one', async () => {
    for (const name of ['io.containerd.runsc.v1', 'io.containerd.myshim', 'a.b']) {
      assert.deepEqual(await madeWith({}, name), [name, undefined]);
    }
    const config = await open();
    for (const name of ['runsc', '/bin/sh', 'a/b.c', '../a.b', '.a.b', ' ', 'Runc', 'toString']) {
      await assert.rejects(config.resolveRuntime(name), refused(`unknown or invalid runtime name: ${name}`));
    }
    await assert.rejects(open({ defaultRuntime: 'none' }), refused("specified default runtime 'none' does not exist"));
    assert.equal((await open({ defaultRuntime: 'io.containerd.runsc.v1' })).defaultRuntime, 'io.containerd.runsc.v1');
  });

  it('lets the operator replace the name of the shim of runc, and not runc', async () => {
    const runtimes = { [RUNC_V2]: { path: 'crun' } };
    assert.deepEqual(await madeWith({ runtimes }, RUNC_V2), [RUNC_V2, { ...PLAIN, binaryName: 'crun' }]);
    await assert.rejects(open({ runtimes: { runc: { path: 'crun' } } }), refused("runtime name 'runc' is reserved"));
  });

  it('refuses an OCI runtime that is not there, at the time of use', async () => {
    const gone = join(bin, 'gone');
    const runtimes = {
      gone: { path: gone },
      args: { path: gone, runtimeArgs: ['--debug'] },
      options: { runtimeType: RUNC_V2, options: { kind: 'runc', binaryName: 'no-such' } },
    } as const;
    const config = await open({ runtimes });
    const text = 'error while looking up the specified runtime path';
    const absent = refused(`${text}: ${gone} is not there or cannot be executed`);
    await assert.rejects(config.resolveRuntime('gone'), { ...absent, fields: { runtime: 'gone', binary: gone } });
    await assert.rejects(config.resolveRuntime('args'), absent);
    await assert.rejects(config.resolveRuntime('options'), refused(`${text}: no-such is no executable file in PATH`));
    const unchecked = await open({ runtimes, checkPrograms: false });
    assert.equal((await unchecked.resolveRuntime('gone')).runtime, RUNC_V2);
    await assert.rejects(unchecked.resolveRuntime('args'), absent);
    writeFileSync(gone, '', { mode: 0o755 });
    assert.equal((await config.resolveRuntime('args')).runtime, RUNC_V2);
  });

  it('warns of shim API v1, and refuses it where cgroup v2 is all there is', async () => {
    const runtimes = { old: { runtimeType: V1 } };
    const { warnings } = await (await open({ runtimes })).resolveRuntime('old');
    assert.deepEqual(warnings, [`Configured runtime "${V1}" is deprecated and will be removed in the next release.`]);
    const unified = await open({ runtimes, host: { unifiedCgroup: true, systemd: false } });
    for (const name of ['old', V1]) {
      const message = `runtime "${name}" is not supported while cgroups v2 (unified hierarchy) is being used`;
      await assert.rejects(unified.resolveRuntime(name), refused(message));
    }
    assert.deepEqual((await unified.resolveRuntime('runc')).warnings, []);
  });

  it('says where the cgroup of a container is', async () => {
    const cgroupfs = await open({ cgroupParent: '/own' });
    const { cgroupsPath } = await cgroupfs.resolveRuntime();
    assert.deepEqual(
      [cgroupsPath('c1'), cgroupsPath('c1', ''), cgroupsPath('c1', '/its')],
      ['/own/c1', '/own/c1', '/its/c1'],
    );
    const systemd = await open({ host: { unifiedCgroup: true, systemd: true }, scopePrefix: 'lcd' });
    assert.equal(systemd.cgroupDriver, 'systemd');
    const scope = (await systemd.resolveRuntime()).cgroupsPath;
    assert.deepEqual([scope('c1'), scope('c1', 'its.slice')], ['system.slice:lcd:c1', 'its.slice:lcd:c1']);
    const slice = refused('cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"');
    assert.throws(() => scope('c1', '/its'), slice);
    await assert.rejects(open({ execOpts: ['native.cgroupdriver=systemd'], cgroupParent: '/own' }), slice);
    await assert.rejects(
      open({ execOpts: ['native.cgroupdriver=x'] }),
      refused('native.cgroupdriver option x not supported'),
    );
    await assert.rejects(open({ root: 'relative' }), refused('configure runtimes: root "relative" is not absolute'));
  });

  it('writes scripts for arguments, and nothing when something is wrong', async () => {
    const scripts = join(dir, 'root', 'runtimes');
    const good = { path: 'crun', runtimeArgs: ['--debug'] };
    await assert.rejects(open({ runtimes: { good, bad: {} } }), /runtime bad: either a runtimeType/);
    await assert.rejects(open({ runtimes: { good }, defaultRuntime: 'none' }), /does not exist/);
    assert.equal(existsSync(scripts), false);
    const { script, runtimeOptions } = await (await open({ runtimes: { good } })).resolveRuntime('good');
    assert.ok(script !== undefined);
    assert.deepEqual(runtimeOptions, { ...PLAIN, binaryName: script });
    assert.deepEqual(
      readdirSync(scripts).map((name) => join(scripts, name)),
      [script],
    );
  });

  it('keeps scripts of earlier configurations until they are swept, and then those in use', async () => {
    const scriptOf = async (...runtimeArgs: string[]) => {
      const config = await open({ runtimes: { r: { path: 'crun', runtimeArgs } } });
      return { config, script: (await config.resolveRuntime('r')).script ?? '' };
    };
    const [first, second, third] = [await scriptOf('1'), await scriptOf('2'), await scriptOf('3')];
    for (const { script } of [first, second, third]) assert.ok(existsSync(script));
    assert.deepEqual(await third.config.sweepScripts([first.script, '/elsewhere']), [second.script]);
    assert.deepEqual(
      [first, second, third].map(({ script }) => existsSync(script)),
      [true, false, true],
    );
  });

  describe('when it is reloaded', () => {
    it('is another one, and a container keeps what it was made with', async () => {
      const runtimes = new ReloadableRuntimes(await open({ runtimes: { r: { path: 'crun', runtimeArgs: ['1'] } } }));
      const before = runtimes.current;
      const made = await before.resolveRuntime('r');
      const after = await runtimes.reload({
        runtimes: { r: { path: 'crun', runtimeArgs: ['2'] }, y: { path: 'youki' } },
        defaultRuntime: 'y',
      });
      assert.equal(runtimes.current, after);
      assert.notEqual((await after.resolveRuntime('r')).script, made.script);
      assert.ok(existsSync(made.script ?? ''));
      assert.deepEqual([before.defaultRuntime, after.defaultRuntime], ['runc', 'y']);
      assert.deepEqual(await before.resolveRuntime('r').then(({ script }) => script), made.script);
    });

    it('changes what it is told to, and the runtimes as a whole', async () => {
      const runtimes = new ReloadableRuntimes(
        await open({ runtimes: { r: { path: 'crun' } }, defaultRuntime: 'crun', cgroupParent: '/own' }),
      );
      await runtimes.reload({});
      assert.ok(runtimes.current.table.names().includes('r'));
      await runtimes.reload({ runtimes: { s: { path: 'youki' } } });
      const { current } = runtimes;
      assert.equal(current.table.names().includes('r'), false);
      assert.deepEqual([current.defaultRuntime, current.cgroupParent], ['crun', '/own']);
      await assert.rejects(current.resolveRuntime('r'), /unknown or invalid runtime name: r/);
    });

    it('stays as it is when something is wrong', async () => {
      const runtimes = new ReloadableRuntimes(await open({ runtimes: { r: { path: 'crun' } }, defaultRuntime: 'r' }));
      const before = runtimes.current;
      await assert.rejects(runtimes.reload({ runtimes: { bad: {} } }), /runtime bad/);
      await assert.rejects(runtimes.reload({ runtimes: {} }), /specified default runtime 'r' does not exist/);
      assert.equal(runtimes.current, before);
    });

    it('takes one reload after the other, also past one that failed', async () => {
      const runtimes = new ReloadableRuntimes(await open());
      const results = await Promise.allSettled([
        runtimes.reload({ runtimes: { a: { path: 'crun' } } }),
        runtimes.reload({ defaultRuntime: 'none' }),
        runtimes.reload({ defaultRuntime: 'a' }),
      ]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      );
      assert.equal(runtimes.current.defaultRuntime, 'a');
    });
  });
});
