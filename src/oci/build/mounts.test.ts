import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HostConfig } from '../config/host-config.js';
import { mountsOf } from './mounts.js';
import type { SpecInput } from './spec-input.js';
import { V1_HOST } from './testing/host.js';
import { inputWith } from './testing/input.js';

const OLD_KERNEL = { ...V1_HOST, kernel: { release: '5.10.0', major: 5, minor: 10 } };

function mounts(hostConfig: HostConfig, rest: Partial<SpecInput> = {}, writableCgroups = false) {
  return mountsOf(inputWith(hostConfig, rest), { writableCgroups });
}

function places(hostConfig: HostConfig, rest: Partial<SpecInput> = {}) {
  return mounts(hostConfig, rest).map(({ destination }) => destination);
}

function at(destination: string, list: ReturnType<typeof mounts>) {
  const found = list.filter((mount) => mount.destination === destination);
  assert.equal(found.length, 1, `${found.length} mounts at ${destination}`);
  return found[0]?.options ?? [];
}

const DEFAULTS = ['/proc', '/dev', '/dev/pts', '/sys', '/sys/fs/cgroup', '/dev/mqueue', '/dev/shm'];

describe('mountsOf', () => {
  it("makes Docker's mounts first, then the user's from the root down", () => {
    const binds = ['/a/b/c', '/x', '/a/', '/a/b'].map((destination) => ({ source: '/src', destination }));
    assert.deepEqual(places({ Tmpfs: { '/t/t': '' } }, { mounts: binds }), [
      ...DEFAULTS,
      '/x',
      '/a/',
      '/t/t',
      '/a/b',
      '/a/b/c',
    ]);
  });

  it("lets a mount of the user's take the place of one of Docker's, and one at /dev of all below", () => {
    const proc = mounts({}, { mounts: [{ source: '/proc', destination: '/proc/' }] });
    assert.equal(proc.filter(({ type }) => type === 'proc').length, 0);
    assert.deepEqual(places({}, { mounts: [{ source: '/dev', destination: '/dev' }] }), [
      '/proc',
      '/sys',
      '/sys/fs/cgroup',
      '/dev',
    ]);
  });

  it('binds the files of the host unless the user has mounted there', () => {
    const files = { hostname: '/c/hostname', hosts: '/c/hosts', resolvConf: '/c/resolv.conf' };
    const list = mounts({}, { files, mounts: [{ source: '/mine', destination: '/etc/hosts', readOnly: true }] });
    const sources = list.filter(({ type }) => type === 'bind').map(({ source }) => source);
    assert.deepEqual(sources, ['/mine', '/c/resolv.conf', '/c/hostname']);
    assert.deepEqual(at('/etc/hostname', list), ['rbind', 'rprivate']);
  });

  it('sizes /dev/shm, shares it, or leaves it out', () => {
    assert.ok(at('/dev/shm', mounts({})).includes('size=67108864'));
    assert.ok(at('/dev/shm', mounts({ ShmSize: 4096 })).includes('size=4096'));
    assert.ok(!places({ IpcMode: 'none' }).includes('/dev/shm'));
    const source = (hostConfig: HostConfig, rest = {}) =>
      mounts(hostConfig, rest).find(({ destination }) => destination === '/dev/shm')?.source;
    assert.equal(source({ IpcMode: 'host' }), '/dev/shm');
    assert.equal(source({ IpcMode: 'shareable' }, { joined: { shmPath: '/run/shm/c' } }), '/run/shm/c');
    assert.equal(source({}, { joined: {} }), 'shm');
  });

  it('makes a bind read-only with all below it where the kernel can', () => {
    const bind = { source: '/src', destination: '/x', readOnly: true };
    const options = (mount: object, host = V1_HOST) => at('/x', mounts({}, { host, mounts: [{ ...bind, ...mount }] }));
    assert.deepEqual(options({}), ['rbind', 'ro', 'rro', 'rprivate']);
    assert.deepEqual(options({}, OLD_KERNEL), ['rbind', 'ro', 'rprivate']);
    assert.deepEqual(options({ readOnlyNonRecursive: true }), ['rbind', 'ro', 'rprivate']);
    assert.deepEqual(options({ readOnly: false, nonRecursive: true, propagation: 'rslave' }), ['bind', 'rslave']);
    assert.throws(() => options({ readOnlyForceRecursive: true }, OLD_KERNEL), { name: 'FailedPreconditionError' });
    assert.throws(() => options({ readOnlyForceRecursive: true, readOnlyNonRecursive: true }), /conflict/);
  });

  it('leaves a read-only root what a program needs to write', () => {
    const files = { hosts: '/c/hosts' };
    const list = mounts({ ReadonlyRootfs: true }, { files, mounts: [{ source: '/src', destination: '/data' }] });
    const writable = list.filter(({ options = [] }) => !options.includes('ro')).map(({ destination }) => destination);
    assert.deepEqual(writable, ['/proc', '/dev', '/dev/pts', '/dev/mqueue', '/dev/shm', '/data']);
  });

  it('opens /sys and the cgroups to a privileged container, the cgroups alone when only they are asked for', () => {
    const privileged = mounts({ Privileged: true });
    assert.ok(!at('/sys', privileged).includes('ro'));
    assert.ok(!at('/sys/fs/cgroup', privileged).includes('ro'));
    const writable = mounts({}, {}, true);
    assert.ok(at('/sys', writable).includes('ro'));
    assert.ok(!at('/sys/fs/cgroup', writable).includes('ro'));
  });

  it('brings the init process in, and fails when there is none', () => {
    const initPath = '/usr/bin/tini';
    assert.deepEqual(at('/sbin/docker-init', mounts({ Init: true }, { initPath })), ['bind', 'ro']);
    assert.ok(!places({ Init: true, PidMode: 'host' }, { initPath }).includes('/sbin/docker-init'));
    assert.ok(!places({ Init: false }, { initPath }).includes('/sbin/docker-init'));
    assert.throws(() => mounts({ Init: true }), { name: 'FailedPreconditionError' });
  });
});
