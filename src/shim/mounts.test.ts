import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { mountsBelow } from '../platform/mount-info.js';
import { unmountBelow } from './mounts.js';

const cannotMount = process.geteuid?.() !== 0 && 'only root may mount';

describe('unmountBelow', { skip: cannotMount }, () => {
  let dir = '';
  const path = (...names: string[]) => join(dir, ...names);
  const tmpfs = (at: string) => {
    mkdirSync(at, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'lcd-test', at]);
  };
  before(() => {
    dir = realpathSync(mkdtempSync(join(tmpdir(), 'lcd-mounts-')));
  });
  after(async () => {
    await unmountBelow(dir);
    rmSync(dir, { recursive: true });
  });

  it('unmounts nested, stacked and strangely named mounts, and none beside', async () => {
    tmpfs(path('root'));
    tmpfs(path('root'));
    tmpfs(path('root', 'a b\n\\c'));
    tmpfs(path('root', '-l'));
    tmpfs(path('root', '-l', 'deep', 'er'));
    tmpfs(path('root2'));
    assert.deepEqual(
      (await mountsBelow(path('root'))).map((mount) => mount.path.slice(dir.length)),
      ['/root/-l/deep/er', '/root/-l', '/root/a b\n\\c', '/root', '/root'],
    );
    await unmountBelow(path('root'));
    assert.deepEqual(await mountsBelow(path('root')), []);
    assert.equal((await mountsBelow(dir)).length, 1);
    await unmountBelow(dir);
  });

  it('finds mounts through a link', async () => {
    tmpfs(path('real', 'm'));
    symlinkSync(path('real'), path('link'));
    await unmountBelow(path('link'));
    assert.deepEqual(await mountsBelow(dir), []);
  });

  it('detaches what is in use', async () => {
    tmpfs(path('busy'));
    writeFileSync(path('busy', 'file'), '');
    const fd = openSync(path('busy', 'file'), 'r');
    try {
      await unmountBelow(path('busy'));
      assert.deepEqual(await mountsBelow(dir), []);
    } finally {
      closeSync(fd);
    }
  });

  it('says what stays mounted, and whose time was up', async () => {
    tmpfs(path('stays'));
    const PATH = process.env.PATH;
    try {
      process.env.PATH = path('none');
      await assert.rejects(unmountBelow(path('stays')), { code: 'ERR_ROOTFS_BUSY', fields: { path: path('stays') } });
      mkdirSync(path('bin'));
      process.env.PATH = path('bin');
      writeFileSync(path('bin', 'umount'), '#!/bin/sh\necho "umount: in use" >&2\nexit 32\n', { mode: 0o700 });
      await assert.rejects(unmountBelow(path('stays')), { code: 'ERR_ROOTFS_BUSY', message: /umount: in use$/ });
      writeFileSync(path('bin', 'umount'), '#!/bin/sh\nexec /bin/sleep 30\n', { mode: 0o700 });
      await assert.rejects(unmountBelow(dir, { timeoutMs: 200 }), { errorClass: 'deadline-exceeded' });
      const signal = AbortSignal.abort();
      await assert.rejects(unmountBelow(dir, { signal }), { errorClass: 'canceled' });
    } finally {
      process.env.PATH = PATH;
    }
    await unmountBelow(dir);
  });

  it('does nothing where nothing is', async () => {
    await unmountBelow(path('none'));
    await unmountBelow(path('none', 'below'));
  });
});
