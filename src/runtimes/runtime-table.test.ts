import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { RuntimeEntry } from './runtime-entry.js';
import { RuntimeTable, type RuntimeTableOptions } from './runtime-table.js';

describe('RuntimeTable', () => {
  let dir = '';
  let bin = '';
  let sbin = '';

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'runtimes-'));
    bin = join(dir, 'bin');
    sbin = join(dir, 'sbin');
    for (const folder of [bin, sbin]) mkdirSync(folder);
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function install(...names: string[]): void {
    for (const name of names) writeFileSync(join(bin, name), '#!/bin/sh\n', { mode: 0o755 });
  }

  function table(options: RuntimeTableOptions = {}): RuntimeTable {
    return RuntimeTable.stock({ path: `${sbin}:${bin}`, isUnifiedCgroup: async () => false, ...options });
  }

  it('knows the stock names, each with its shim', async () => {
    install('containerd-shim', 'containerd-shim-runc-v1', 'containerd-shim-runc-v2', 'runc', 'crun');
    const runtimes = table();
    const expected = {
      runc: ['v2', 'containerd-shim-runc-v2', { kind: 'runc', binaryName: 'runc' }],
      'io.containerd.runc.v2': ['v2', 'containerd-shim-runc-v2', undefined],
      'io.containerd.runc.v1': ['v2', 'containerd-shim-runc-v1', undefined],
      'io.containerd.runtime.v1.linux': ['v1', 'containerd-shim', undefined],
      crun: ['v2', 'containerd-shim-runc-v2', { kind: 'runc', binaryName: 'crun' }],
    };
    assert.deepEqual(runtimes.names(), Object.keys(expected));
    assert.deepEqual(await runtimes.available(), Object.keys(expected));
    for (const [name, [api, shimName, options]] of Object.entries(expected)) {
      const resolved = await runtimes.resolve(name);
      assert.deepEqual(resolved, { name, api, shim: join(bin, String(shimName)), shimName, options });
    }
    assert.equal((await runtimes.resolve()).name, 'runc');
  });

  it('offers what can be used here only', async () => {
    install('containerd-shim-runc-v2', 'containerd-shim', 'crun');
    assert.deepEqual(await table().available(), ['io.containerd.runc.v2', 'io.containerd.runtime.v1.linux', 'crun']);
    assert.deepEqual(await table({ isUnifiedCgroup: async () => true }).available(), ['io.containerd.runc.v2', 'crun']);
  });

  it('says which program is missing, and where it was looked for', async () => {
    const extra = join(dir, 'extra');
    const runtimes = table({ extraDirs: [extra], add: { mine: { path: '/opt/none/mine' } } });
    await assert.rejects(runtimes.resolve('io.containerd.runsc.v1'), {
      name: 'NotFoundError',
      code: 'ERR_RUNTIME_NOT_FOUND',
      message: `use runtime io.containerd.runsc.v1: its shim containerd-shim-runsc-v1 is no executable file in any of ${sbin}, ${bin}, ${extra}`,
      fields: {
        runtime: 'io.containerd.runsc.v1',
        binary: 'containerd-shim-runsc-v1',
        folders: [sbin, bin, extra],
      },
    });
    install('containerd-shim-runc-v2');
    await assert.rejects(runtimes.resolve('crun'), {
      message: `use runtime crun: the OCI runtime crun is no executable file in any of ${sbin}, ${bin}`,
    });
    await assert.rejects(runtimes.resolve('mine'), {
      code: 'ERR_RUNTIME_NOT_FOUND',
      message: 'use runtime mine: the OCI runtime /opt/none/mine is not there or cannot be executed',
    });
    await assert.rejects(table({ path: '' }).resolve('runc'), /PATH is empty/);
  });

  it('takes a dotted name for a shim, and an absolute path for one', async () => {
    install('containerd-shim-runsc-v1', 'containerd-shim-b-c', 'my-shim', 'containerd-shim', 'containerd-shim-a-b');
    const runtimes = table();
    assert.equal((await runtimes.resolve('io.containerd.runsc.v1')).shimName, 'containerd-shim-runsc-v1');
    assert.equal((await runtimes.resolve('a.b')).shimName, 'containerd-shim-a-b');
    assert.equal((await runtimes.resolve('a.b.c')).shimName, 'containerd-shim-b-c');
    const path = join(bin, 'my-shim');
    assert.deepEqual(await runtimes.resolve(path), {
      name: path,
      api: 'v2',
      shim: path,
      shimName: 'my-shim',
      options: undefined,
    });
    assert.equal((await runtimes.resolve(join(bin, 'containerd-shim'))).api, 'v1');
    await assert.rejects(runtimes.resolve(join(bin, 'none')), { code: 'ERR_RUNTIME_NOT_FOUND' });
    await assert.rejects(runtimes.resolve(bin), { code: 'ERR_RUNTIME_NOT_FOUND' });
  });

  it('refuses names that can be none', async () => {
    const runtimes = table();
    for (const name of ['bin/shim', '../shim.v2', './a.b', 'a\\b.c', 'a.b\0', '/bin/sh\0x']) {
      await assert.rejects(runtimes.resolve(name), { name: 'InvalidArgumentError' }, name);
    }
    for (const name of ['', 'runsc', '.a.b', '.']) {
      await assert.rejects(runtimes.resolve(name), { code: 'ERR_RUNTIME_NOT_FOUND', fields: { runtime: name } }, name);
    }
    await assert.rejects(runtimes.resolve('runsc'), /runc, io\.containerd\.runc\.v2, .*crun are/);
    await assert.rejects(runtimes.resolve('toString'), { code: 'ERR_RUNTIME_NOT_FOUND' });
  });

  it('refuses shim API v1 where cgroup v2 is all there is', async () => {
    install('containerd-shim');
    const runtimes = table({
      isUnifiedCgroup: async () => true,
      add: { old: { runtimeType: 'io.containerd.runtime.v1.linux' } },
    });
    for (const name of ['io.containerd.runtime.v1.linux', 'old', join(bin, 'containerd-shim')]) {
      await assert.rejects(runtimes.resolve(name), {
        name: 'NotImplementedError',
        code: 'ERR_RUNTIME_UNSUPPORTED',
        fields: { runtime: name },
      });
    }
  });

  it('finds what is installed later, and notices what was removed', async () => {
    const runtimes = table();
    const name = 'io.containerd.runc.v2';
    const absent = { code: 'ERR_RUNTIME_NOT_FOUND' };
    await assert.rejects(runtimes.resolve(name), absent);
    install('containerd-shim-runc-v2');
    const { shim } = await runtimes.resolve(name);
    assert.equal((await runtimes.resolve(name)).shim, shim);
    chmodSync(shim, 0o644);
    await assert.rejects(runtimes.resolve(name), absent);
    chmodSync(shim, 0o755);
    assert.equal((await runtimes.resolve(name)).shim, shim);
    rmSync(shim);
    await assert.rejects(runtimes.resolve(name), absent);
    const moved = join(sbin, 'containerd-shim-runc-v2');
    writeFileSync(moved, '', { mode: 0o755 });
    assert.equal((await runtimes.resolve(name)).shim, moved);
  });

  it('looks in absolute folders only, each once', async () => {
    install('containerd-shim-runc-v2');
    const runtimes = table({ path: `:.:bin:${bin}:${bin}` });
    await assert.rejects(runtimes.resolve('a.b'), (err) => {
      assert.ok(err instanceof Error && 'fields' in err);
      assert.deepEqual(err.fields, { runtime: 'a.b', binary: 'containerd-shim-a-b', folders: [bin] });
      return true;
    });
  });

  it('has added runtimes beside the stock ones', async () => {
    install('containerd-shim-runc-v2', 'containerd-shim-kata-v2', 'youki');
    const generic = { kind: 'generic', typeUrl: 'x.Options', configPath: '/etc/kata.toml' } as const;
    const runtimes = table({
      add: {
        youki: { path: 'youki' },
        'a/b': { path: join(bin, 'youki') },
        kata: { runtimeType: 'io.containerd.kata.v2', options: generic },
        'io.containerd.runc.v2': { runtimeType: 'io.containerd.kata.v2' },
      },
      defaultRuntime: 'youki',
    });
    assert.deepEqual((await runtimes.resolve()).options, { kind: 'runc', binaryName: 'youki' });
    assert.deepEqual((await runtimes.resolve('a/b')).options, { kind: 'runc', binaryName: join(bin, 'youki') });
    assert.deepEqual(await runtimes.resolve('kata'), {
      name: 'kata',
      api: 'v2',
      shim: join(bin, 'containerd-shim-kata-v2'),
      shimName: 'containerd-shim-kata-v2',
      options: generic,
    });
    assert.equal((await runtimes.resolve('io.containerd.runc.v2')).shimName, 'containerd-shim-kata-v2');
    assert.equal(runtimes.names().length, 8);
  });

  it('refuses entries that contradict themselves', () => {
    const runc = { kind: 'runc' } as const;
    const cases: [RuntimeEntry, string][] = [
      [{}, 'runtime x: either a runtimeType or a path must be configured'],
      [{ options: runc }, 'runtime x: either a runtimeType or a path must be configured'],
      [{ path: 'a', runtimeType: 'a.b' }, 'runtime x: cannot configure both path and runtimeType for the same runtime'],
      [{ path: 'a', options: runc }, 'runtime x: options cannot be used with a path runtime'],
      [{ path: 'a/b' }, 'runtime x: path "a/b" is neither a name nor absolute'],
      [
        { runtimeType: 'runc' },
        'runtime x: runtimeType "runc" is neither a name such as io.containerd.runc.v2 nor the absolute path of a shim',
      ],
    ];
    for (const [entry, message] of cases) {
      assert.throws(() => table({ add: { x: entry } }), {
        name: 'InvalidArgumentError',
        code: 'ERR_OPTION_INVALID',
        message,
        fields: { runtime: 'x' },
      });
    }
    assert.throws(() => table({ add: { runc: { path: '/bin/runc' } } }), /^.*runtime name 'runc' is reserved$/);
    assert.throws(() => table({ add: { '': { path: '/bin/runc' } } }), /runtime name is empty/);
    assert.throws(() => table({ defaultRuntime: 'none' }), /specified default runtime 'none' does not exist/);
    assert.equal(table({ defaultRuntime: 'io.containerd.runsc.v1' }).defaultRuntime, 'io.containerd.runsc.v1');
  });
});
