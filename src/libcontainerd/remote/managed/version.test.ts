import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findVersion, isSupported, parseVersion } from './version.js';

describe('parseVersion', () => {
  const cases: [string, string, [number, number, number, string] | undefined][] = [
    [
      'Debian',
      'containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3\n',
      [1, 6, 20, '1.6.20~ds1'],
    ],
    ['Docker', 'containerd containerd.io 1.6.33 d2d58213f83a351ca8f528a95fbd145f5654e957\n', [1, 6, 33, '1.6.33']],
    [
      'a v',
      'containerd github.com/containerd/containerd v1.7.24 88bf19b2105c8b17560993bee28a01ddc2f97182',
      [1, 7, 24, '1.7.24'],
    ],
    ['2.x of Debian', 'containerd github.com/containerd/containerd/v2 2.1.9+unknown \n', [2, 1, 9, '2.1.9+unknown']],
    ['2.x', 'containerd github.com/containerd/containerd/v2 v2.0.0-rc.1 0123456789abcdef', [2, 0, 0, '2.0.0-rc.1']],
    [
      'a build from a tree',
      'containerd github.com/containerd/containerd v1.7.0-beta.0-12-gabcdef0.m abc.m',
      [1, 7, 0, '1.7.0-beta.0-12-gabcdef0.m'],
    ],
    ['a distributor', 'containerd github.com/containerd/containerd 1.7.12-0ubuntu2', [1, 7, 12, '1.7.12-0ubuntu2']],
    ['no patch', 'containerd x 2.1 abc', [2, 1, 0, '2.1']],
    ['a line before', 'WARN[0000] something\ncontainerd x 1.6.1 abc\n', [1, 6, 1, '1.6.1']],
    ['another program', 'dockerd version 20.10.24, build 297e128\n', undefined],
    ['a hash only', 'containerd containerd.io 9ce6e0f', undefined],
    ['nothing', '', undefined],
  ];
  for (const [name, output, expected] of cases) {
    it(`reads ${name}`, () => {
      const found = parseVersion(output);
      assert.deepEqual(found && [found.major, found.minor, found.patch, found.text], expected);
    });
  }

  it('supports 1.6 and later', () => {
    const supported = ['1.5.18', '1.6.0', '1.7.24', '2.0.0', '0.9.1'].filter((text) => {
      const version = parseVersion(`containerd x ${text} y`);
      return version !== undefined && isSupported(version);
    });
    assert.deepEqual(supported, ['1.6.0', '1.7.24', '2.0.0']);
  });
});

describe('findVersion', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'managed-version-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function program(name: string, script: string): string {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  it('names what it looked for when there is none, and how to get it', async () => {
    await assert.rejects(findVersion('containerd-not-here', { PATH: '/no/such/bin' }), {
      name: 'NotFoundError',
      code: 'ERR_CONTAINERD_MISSING',
      message:
        /`containerd-not-here` was not found on PATH \(\/no\/such\/bin\); install it .*apt-get install containerd/,
    });
    const path = join(folder, 'absent');
    await assert.rejects(findVersion(path), { code: 'ERR_CONTAINERD_MISSING', fields: { path } });
  });

  it('says when it cannot be executed', async () => {
    const path = program('plain', 'exit 0');
    chmodSync(path, 0o644);
    await assert.rejects(findVersion(path), { code: 'ERR_CONTAINERD_MISSING', message: /cannot be executed/ });
  });

  it('refuses one that is too old', async () => {
    const path = program('old', 'echo "containerd github.com/containerd/containerd v1.4.13 abc"');
    await assert.rejects(findVersion(path), {
      name: 'FailedPreconditionError',
      code: 'ERR_CONTAINERD_VERSION',
      message: /1\.4\.13 .*1\.6 or later is needed/,
    });
  });

  it('refuses what is no containerd', async () => {
    await assert.rejects(findVersion(program('other', 'echo hello')), {
      code: 'ERR_CONTAINERD_VERSION',
      message: /"hello"/,
    });
    await assert.rejects(findVersion(program('broken', 'exit 3')), { code: 'ERR_CONTAINERD_VERSION' });
  });
});
