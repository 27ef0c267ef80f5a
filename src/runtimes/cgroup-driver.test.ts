import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  assertCgroupParent,
  cgroupsPathOf,
  defaultCgroupDriver,
  isSystemdInit,
  parseExecOpts,
} from './cgroup-driver.js';

function refuses(work: () => unknown, message: string): void {
  assert.throws(work, { name: 'InvalidArgumentError', code: 'ERR_OPTION_INVALID', message });
}

describe('the cgroup driver', () => {
  it('is what the last exec-opt says, in any case and with spaces', () => {
    assert.equal(parseExecOpts([]).cgroupDriver, undefined);
    assert.equal(parseExecOpts(['native.cgroupdriver=systemd']).cgroupDriver, 'systemd');
    const twice = ['native.cgroupdriver=systemd', ' Native.CgroupDriver = cgroupfs '];
    assert.equal(parseExecOpts(twice).cgroupDriver, 'cgroupfs');
  });

  it('is refused in the words of dockerd', () => {
    for (const text of ['', 'native.cgroupdriver', '=systemd', 'native.cgroupdriver=', ' = ']) {
      refuses(() => parseExecOpts([text]), `invalid exec-opt (${text}): must be formatted 'opt=value'`);
    }
    refuses(
      () => parseExecOpts(['isolation=hyperv']),
      "invalid exec-opt (isolation=hyperv): option 'isolation' is only supported on windows",
    );
    refuses(() => parseExecOpts(['Foo=a=b']), "invalid exec-opt (Foo=a=b): unknown option: 'foo'");
    refuses(
      () => parseExecOpts(['native.cgroupdriver=none']),
      'native.cgroupdriver option none is internally used and cannot be specified manually',
    );
    refuses(() => parseExecOpts(['native.cgroupdriver=Systemd']), 'native.cgroupdriver option Systemd not supported');
  });

  it('is systemd by default on a host of cgroup v2 that systemd runs', () => {
    assert.equal(defaultCgroupDriver({ unifiedCgroup: true, systemd: true }), 'systemd');
    assert.equal(defaultCgroupDriver({ unifiedCgroup: true, systemd: false }), 'cgroupfs');
    assert.equal(defaultCgroupDriver({ unifiedCgroup: false, systemd: true }), 'cgroupfs');
  });

  it('knows systemd by its folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'systemd-'));
    try {
      assert.equal(await isSystemdInit(folder), true);
      assert.equal(await isSystemdInit(join(folder, 'none')), false);
      writeFileSync(join(folder, 'file'), '');
      assert.equal(await isSystemdInit(join(folder, 'file')), false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the cgroup of a container', () => {
  it('lies in the parent, or in that of the driver', () => {
    assert.equal(cgroupsPathOf('cgroupfs', '', 'c1'), '/docker/c1');
    assert.equal(cgroupsPathOf('cgroupfs', '/a/../b/', 'c1'), '/b/c1');
    assert.equal(cgroupsPathOf('cgroupfs', 'relative', 'c1'), 'relative/c1');
    assert.equal(cgroupsPathOf('systemd', '', 'c1'), 'system.slice:docker:c1');
    assert.equal(cgroupsPathOf('systemd', 'my-own.slice', 'c1', 'libcontainerd'), 'my-own.slice:libcontainerd:c1');
  });

  it('has a parent that the driver understands', () => {
    const message = 'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"';
    for (const parent of [
      '.slice',
      '/docker',
      'docker',
      'a.slice/b.slice',
      '/a.slice',
      'a.slice:b.slice',
      'a.slice ',
    ]) {
      refuses(() => assertCgroupParent('systemd', parent), message);
      assertCgroupParent('cgroupfs', parent);
    }
    refuses(() => cgroupsPathOf('systemd', '/docker', 'c1'), message);
    for (const parent of ['', 'a.slice', 'a-b.slice']) assertCgroupParent('systemd', parent);
  });
});
