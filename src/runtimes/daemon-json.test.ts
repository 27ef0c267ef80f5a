import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { loadDaemonJson } from './daemon-json.js';
import { assertNoConflicts } from './directive-conflicts.js';
import { jsonErrorAt } from './json-syntax.js';

describe('daemon.json', () => {
  let dir = '';
  let path = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'daemon-json-'));
    path = join(dir, 'daemon.json');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function load(content: string | Buffer | object) {
    writeFileSync(path, typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content));
    return loadDaemonJson(path);
  }

  async function refuses(content: string | Buffer | object, problem: string): Promise<void> {
    await assert.rejects(load(content), {
      name: 'InvalidArgumentError',
      code: 'ERR_OPTION_INVALID',
      message: `unable to configure the daemon with file ${path}: ${problem}`,
      fields: { path },
    });
  }

  it('gives what it says, by type', async () => {
    const read = await load({
      runtimes: { crun2: { path: '/usr/bin/crun', runtimeArgs: ['--debug'] } },
      'default-runtime': 'crun2',
      'exec-opts': ['native.cgroupdriver=cgroupfs'],
      'cgroup-parent': '/own',
      'default-ulimits': { nofile: { Name: 'nofile', Soft: 1024, Hard: 2048 }, core: { Soft: 0, Hard: -1 } },
      'default-shm-size': '128M',
      'default-ipc-mode': 'shareable',
      'default-cgroupns-mode': 'private',
      'log-driver': 'json-file',
      'log-opts': { 'max-size': '10m' },
      'live-restore': false,
      'max-concurrent-downloads': 0,
      'shutdown-timeout': 20,
      'storage-driver': 'overlay2',
      proxies: { 'http-proxy': 'http://x' },
      labels: null,
    });
    assert.deepEqual(read.runtimes, { crun2: { path: '/usr/bin/crun', runtimeArgs: ['--debug'] } });
    assert.deepEqual(
      [read.defaultRuntime, read.execOpts, read.cgroupParent],
      ['crun2', ['native.cgroupdriver=cgroupfs'], '/own'],
    );
    assert.deepEqual(read.defaultUlimits, [
      { Name: 'nofile', Soft: 1024, Hard: 2048 },
      { Name: 'core', Soft: 0, Hard: -1 },
    ]);
    assert.deepEqual(
      [read.defaultShmSize, read.defaultIpcMode, read.defaultCgroupnsMode],
      [128 * 1024 * 1024, 'shareable', 'private'],
    );
    assert.deepEqual([read.logDriver, read.logOpts], ['json-file', { 'max-size': '10m' }]);
    assert.deepEqual([read.liveRestore, read.maxConcurrentDownloads, read.shutdownTimeout], [false, 0, 20]);
    assert.deepEqual([read.labels, read.debug, read.maxConcurrentUploads], [undefined, undefined, undefined]);
    assert.deepEqual(read.unused, ['proxies', 'storage-driver']);
    assert.equal(read.given.get('live-restore'), false);
    assert.equal(read.given.has('debug'), false);
  });

  it('may be empty, and written by an editor of Windows', async () => {
    for (const content of ['', ' \n', '{}', Buffer.from([0xef, 0xbb, 0xbf])]) {
      assert.equal((await load(content)).defaultRuntime, undefined);
    }
    const text = '{"default-runtime": "crun"}';
    for (const content of [
      `\ufeff${text}`,
      Buffer.from(`\ufeff${text}`, 'utf16le'),
      Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
    ]) {
      assert.equal((await load(content)).defaultRuntime, 'crun');
    }
    await refuses(Buffer.from([0x7b, 0xff, 0x7d]), 'it is neither UTF-8 nor UTF-16 with a byte order mark');
  });

  it('is refused with the line of what is no JSON', async () => {
    await refuses('{\n  "debug": true,\n}', 'invalid JSON at line 3, column 1');
    await refuses('{"debug": treu}', 'invalid JSON at line 1, column 11');
    await refuses('{"debug": true', 'invalid JSON at line 1, column 15');
    await refuses('[]', 'invalid JSON: it is no object');
  });

  it('is refused with all unknown directives, before anything else', async () => {
    await refuses(
      { 'Default-Runtime': 'x', toString: 1, debug: 'no', bogus: {} },
      "the following directives don't match any configuration option: Default-Runtime, toString, bogus",
    );
    assert.equal((await load({})).debug, undefined);
  });

  it('is refused with every directive that cannot be understood', async () => {
    await refuses(
      { debug: 'yes', 'max-concurrent-downloads': -1, 'log-opts': { 'max-file': 3 } },
      'log-opts: it is no map of texts (a number needs quotes there); invalid max concurrent downloads: -1; debug: it is neither true nor false',
    );
    await refuses({ runtimes: { runc: { path: 'x' } } }, "runtime name 'runc' is reserved");
    await refuses(
      { 'exec-opts': ['native.cgroupdriver=none'] },
      'native.cgroupdriver option none is internally used and cannot be specified manually',
    );
    await refuses({ 'exec-opts': 'x' }, 'exec-opts: it is no list of texts');
    await refuses({ 'default-runtime': 7 }, 'default-runtime: it is not a text');
    await refuses({ 'shutdown-timeout': 1.5 }, 'shutdown-timeout: it is no whole number');
    await refuses({ 'default-shm-size': '64x' }, 'default-shm-size: invalid size: "64x"');
    await refuses(
      { 'default-ipc-mode': 'host' },
      'default-ipc-mode: IPC mode "host" is not supported as default value; use "shareable" or "private"',
    );
    await refuses(
      { 'default-ipc-mode': 'x' },
      'default-ipc-mode: default IPC mode setting (x) is invalid; use "shareable" or "private"',
    );
    await refuses(
      { 'default-cgroupns-mode': 'x' },
      'default-cgroupns-mode: invalid default cgroup namespace (x): use "host" or "private"',
    );
    await refuses(
      { 'default-ulimits': { core: { Soft: 2, Hard: 1 } } },
      'default-ulimits: ulimit soft limit must be less than or equal to hard limit: 2 > 1',
    );
    await refuses(
      { 'default-ulimits': { core: { Name: 'cpu', Soft: 1, Hard: 1 } } },
      'default-ulimits: core has the Name "cpu"',
    );
  });

  it('is refused when it is no file, or a huge one', async () => {
    await assert.rejects(loadDaemonJson(dir), /it is no file/);
    await assert.rejects(loadDaemonJson('/dev/zero'), /it is no file/);
    await refuses(Buffer.alloc(1024 * 1024 + 1, 0x20), 'it has 1048577 bytes, 1048576 are allowed');
    await assert.rejects(loadDaemonJson(join(dir, 'none')), { name: 'NotFoundError' });
  });

  it('is not read when the caller has cancelled', async () => {
    writeFileSync(path, '{}');
    await assert.rejects(loadDaemonJson(path, { signal: AbortSignal.abort() }), { name: 'CanceledError' });
  });
});

describe('a directive that is a flag too', () => {
  it('is refused with both values, unless it adds up', () => {
    const file = new Map<string, unknown>([
      ['runtimes', { a: {} }],
      ['debug', false],
      ['log-opts', { 'max-size': '1m', 'max-file': '2' }],
      ['exec-opts', ['a=b', 'c=d']],
      ['https-proxy', 'https://me:secret@proxy:1/'],
      ['experimental', true],
    ]);
    assertNoConflicts(
      new Map<string, unknown>([
        ['runtimes', {}],
        ['data-root', '/x'],
      ]),
      file,
    );
    const flags = new Map<string, unknown>([
      ['debug', true],
      ['exec-opts', ['e=f']],
      ['log-opts', {}],
      ['https-proxy', 'https://proxy'],
    ]);
    assert.throws(() => assertNoConflicts(flags, file), {
      name: 'InvalidArgumentError',
      code: 'ERR_OPTION_INVALID',
      message:
        'the following directives are specified both as a flag and in the configuration file: debug: (from flag: true, from file: false), exec-opts: (from flag: [e=f], from file: [a=b c=d]), log-opts: (from flag: map[], from file: map[max-file:2 max-size:1m]), https-proxy: (from flag: https://proxy, from file: https://xxxxx:xxxxx@proxy:1/)',
    });
  });
});

describe('the place of an error in JSON', () => {
  it('is none exactly where JSON.parse takes the text', () => {
    const texts = [
      '',
      ' ',
      '{}',
      '[]',
      '1',
      '-0',
      '01',
      '1.',
      '1e5',
      '.5',
      '+1',
      'nul',
      'null',
      'true false',
      '"a',
      '"\\x"',
    ];
    texts.push(
      '"\\u12G4"',
      '"\\u1234"',
      '"\t"',
      '"\u007f"',
      '"\u2028"',
      '{"a":1,}',
      '{"a" 1}',
      '{a:1}',
      '[1,]',
      '[,1]',
    );
    texts.push(
      '[1 2]',
      '{"a":{"b":[{}]}}',
      '[}',
      '{"a":1}}',
      "{'a':1}",
      '{"a":1} // x',
      '[[[]]',
      '"\ud800"',
      '\u00a0{}',
    );
    for (const text of texts) {
      let valid = true;
      try {
        JSON.parse(text);
      } catch {
        valid = false;
      }
      assert.equal(jsonErrorAt(text) === undefined, valid, JSON.stringify(text));
    }
  });

  it('is where the first character is that cannot be', () => {
    assert.deepEqual(jsonErrorAt('{\n "a": [1,\n  2,\n ]}'), { line: 4, column: 2 });
    assert.deepEqual(jsonErrorAt('{"a": 1 "b": 2}'), { line: 1, column: 9 });
    assert.deepEqual(jsonErrorAt('{"a": "b'), { line: 1, column: 7 });
  });

  it('is found in a megabyte too', () => {
    const long = 'x'.repeat(1024 * 1024);
    assert.deepEqual(jsonErrorAt(`["${long}",]`), { line: 1, column: long.length + 5 });
    assert.deepEqual(jsonErrorAt('['.repeat(1_000_000)), { line: 1, column: 1_000_001 });
  });
});
