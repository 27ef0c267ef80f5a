import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddRuntime, parseAddRuntimes, runtimesFromDaemonJson } from './daemon-runtimes.js';

const RUNC_V2 = 'io.containerd.runc.v2';

function refuses(entry: unknown, message: string, name = 'myrt'): void {
  assert.throws(() => runtimesFromDaemonJson({ [name]: entry }), {
    name: 'InvalidArgumentError',
    code: 'ERR_OPTION_INVALID',
    message,
    fields: { runtime: name },
  });
}

describe('the runtimes of a daemon.json', () => {
  it('are paths with arguments, or shims with options', () => {
    const entries = runtimesFromDaemonJson({
      plain: { path: '/usr/bin/crun' },
      named: { path: 'crun', runtimeArgs: [], runtimeType: '', options: {} },
      args: { path: '/usr/bin/crun', runtimeArgs: ['--debug', 'a b'] },
      shim: { runtimeType: 'io.containerd.kata.v2' },
      byPath: { runtimeType: '/opt/containerd-shim-x-v1' },
      'with/slash': { path: 'crun' },
      [RUNC_V2]: { path: 'crun', options: null },
      versionless: { runtimeType: 'io.containerd.myshim' },
    });
    assert.deepEqual(entries, {
      plain: { path: '/usr/bin/crun' },
      named: { path: 'crun' },
      args: { path: '/usr/bin/crun', runtimeArgs: ['--debug', 'a b'] },
      shim: { runtimeType: 'io.containerd.kata.v2' },
      byPath: { runtimeType: '/opt/containerd-shim-x-v1' },
      'with/slash': { path: 'crun' },
      [RUNC_V2]: { path: 'crun' },
      versionless: { runtimeType: 'io.containerd.myshim' },
    });
  });

  it('take a runtime called __proto__ for one', () => {
    const entries = runtimesFromDaemonJson(JSON.parse('{"__proto__":{"path":"crun"}}'));
    assert.deepEqual(Object.keys(entries), ['__proto__']);
  });

  it('are refused when their parts do not go together (moby runtime_unix_test.go)', () => {
    const neither = 'runtime myrt: either a runtimeType or a path must be configured';
    const both = 'runtime myrt: cannot configure both path and runtimeType for the same runtime';
    const path = '/bin/true';
    const runtimeType = RUNC_V2;
    const runtimeArgs = ['foo'];
    const options = { Root: '/x' };
    refuses({}, neither);
    refuses({ runtimeArgs }, neither);
    refuses({ options }, neither);
    refuses({ runtimeArgs, options }, neither);
    refuses({ path, runtimeType }, both);
    refuses({ path, runtimeType, runtimeArgs }, both);
    refuses({ path, runtimeType, options }, both);
    refuses({ path, runtimeType, runtimeArgs, options }, both);
    refuses({ path, options }, 'runtime myrt: options cannot be used with a path runtime');
    refuses({ path, options: { nonsense: 1 } }, 'runtime myrt: options cannot be used with a path runtime');
    refuses({ path, runtimeArgs, options }, 'runtime myrt: options cannot be used with a path runtime');
    refuses({ runtimeType, runtimeArgs }, 'runtime myrt: args cannot be used with a runtimeType runtime');
    refuses({ runtimeType, runtimeArgs, options }, 'runtime myrt: args cannot be used with a runtimeType runtime');
    refuses({ path }, "runtime name 'runc' is reserved", 'runc');
    refuses({}, "runtime name 'runc' is reserved", 'runc');
    refuses({ path }, 'runtime name is empty', '');
  });

  it('are refused when a part has the wrong type', () => {
    refuses('crun', 'runtime myrt: it is no object');
    refuses(null, 'runtime myrt: it is no object');
    refuses({ path: 7 }, 'runtime myrt: path or runtimeType is not a text');
    refuses({ path: 'crun', runtimeArgs: 'x' }, 'runtime myrt: runtimeArgs is no list of texts');
    refuses({ path: 'crun', runtimeArgs: [7] }, 'runtime myrt: runtimeArgs is no list of texts');
    refuses({ path: 'crun', runtimeArgs: ['a\0'] }, 'runtime myrt: an argument has a NUL character');
    refuses({ runtimeType: RUNC_V2, options: [] }, 'runtime myrt: options is no object');
    refuses({ path: 'bin/crun' }, 'runtime myrt: path "bin/crun" is neither a name nor absolute');
    refuses(
      { path: 'crun', args: [] },
      'runtime myrt: field "args" is unknown (known are path, runtimeArgs, runtimeType, options)',
    );
    refuses({ path: 'crun', Path: 'runc' }, 'runtime myrt: field "path" is given twice');
    assert.throws(() => runtimesFromDaemonJson([]), /runtimes: it is no map of runtimes by name/);
  });

  it('give all options of runc, their names in any case', () => {
    const options = {
      BinaryName: 'crun',
      Root: '/run/own',
      systemdcgroup: true,
      noPivotRoot: false,
      NoNewKeyring: true,
      SHIMCGROUP: '/shims',
      IoUid: 1000,
      IoGid: 0,
      CriuImagePath: '/image',
      CriuWorkPath: '/work',
    };
    for (const runtimeType of [
      RUNC_V2,
      'io.containerd.runc.v1',
      'io.containerd.runtime.v1.linux',
      '/x/containerd-shim-runc-v2',
    ]) {
      assert.deepEqual(runtimesFromDaemonJson({ x: { runtimeType, options } }).x?.options, {
        kind: 'runc',
        binaryName: 'crun',
        root: '/run/own',
        systemdCgroup: true,
        noPivotRoot: false,
        noNewKeyring: true,
        shimCgroup: '/shims',
        ioUid: 1000,
        ioGid: 0,
        criuImagePath: '/image',
        criuWorkPath: '/work',
      });
    }
  });

  it('give other shims what they read by themselves', () => {
    const options = { TypeUrl: 'io.containerd.foo.v1', ConfigPath: '/etc/foo.toml' };
    const read = (more: object) =>
      runtimesFromDaemonJson({ x: { runtimeType: 'io.containerd.foo.v1', options: { ...options, ...more } } }).x
        ?.options;
    const generic = { kind: 'generic', typeUrl: 'io.containerd.foo.v1', configPath: '/etc/foo.toml' };
    assert.deepEqual(read({}), { ...generic, configBody: undefined });
    assert.deepEqual(read({ configbody: [1, 255] }), { ...generic, configBody: new Uint8Array([1, 255]) });
    assert.deepEqual(read({ ConfigBody: 'é' }), { ...generic, configBody: new Uint8Array([0xc3, 0xa9]) });
  });

  it('are refused for an option that the shim does not have, with those that it has', () => {
    refuses(
      { runtimeType: RUNC_V2, options: { Binary: 'x' } },
      'runtime myrt: option "Binary" is unknown (known are BinaryName, Root, SystemdCgroup, NoPivotRoot, NoNewKeyring, ShimCgroup, IoUid, IoGid, CriuImagePath, CriuWorkPath)',
    );
    refuses(
      { runtimeType: 'io.containerd.foo.v1', options: { BinaryName: 'x' } },
      'runtime myrt: option "BinaryName" is unknown (known are TypeUrl, ConfigPath, ConfigBody)',
    );
    const wrong = (options: object, message: string, runtimeType = RUNC_V2) =>
      refuses({ runtimeType, options }, `runtime myrt: option ${message}`);
    wrong({ SystemdCgroup: 'true' }, '"SystemdCgroup" is not true or false');
    wrong({ Root: 7 }, '"Root" is not a text');
    for (const IoUid of [-1, 1.5, 2 ** 32, '0']) wrong({ IoUid }, '"IoUid" is not a whole number from 0 to 4294967295');
    wrong({ root: '/a', Root: '/b' }, '"Root" is given twice');
    wrong({ ConfigBody: [256] }, '"ConfigBody" is not a text or a list of bytes', 'io.containerd.foo.v1');
  });
});

describe('--add-runtime', () => {
  it('takes a name, lower-cased, and a path, both trimmed', () => {
    assert.deepEqual(parseAddRuntime(' MyRT = /usr/bin/a=b '), { name: 'myrt', entry: { path: '/usr/bin/a=b' } });
    assert.deepEqual(parseAddRuntimes(['a=/bin/a', 'B=b']), { a: { path: '/bin/a' }, b: { path: 'b' } });
    assert.deepEqual(parseAddRuntimes([]), {});
  });

  it('is refused in the words of moby', () => {
    const refused = (texts: string[], message: string) =>
      assert.throws(() => parseAddRuntimes(texts), {
        name: 'InvalidArgumentError',
        code: 'ERR_OPTION_INVALID',
        message,
      });
    for (const text of ['', 'crun', '=/bin/crun', 'crun=', ' = ']) refused([text], `invalid runtime argument: ${text}`);
    refused(['RunC=/bin/crun'], "runtime name 'runc' is reserved");
    refused(['a=/bin/a', 'A=/bin/b'], "runtime 'a' was already defined");
    refused(['a=bin/a'], 'runtime a: path "bin/a" is neither a name nor absolute');
  });
});
