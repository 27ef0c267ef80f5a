import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cgroupPlace, isWithin } from './container-processes.js';

const MOUNTS = [
  { fsType: 'cgroup', root: '/' },
  { fsType: 'cgroup', root: '/' },
  { fsType: 'cgroup2', root: '/outer' },
  { fsType: 'tmpfs', root: '/elsewhere' },
];

describe('the cgroup of a container', () => {
  it('is what the spec says, for either driver', () => {
    assert.deepEqual(cgroupPlace('/docker/c1', MOUNTS), { at: ['/docker/c1', '/outer/docker/c1'] });
    assert.deepEqual(cgroupPlace('/../c1/', MOUNTS), { at: ['/c1', '/outer/c1'] });
    assert.deepEqual(cgroupPlace('docker//c1/', MOUNTS), { end: 'docker/c1' });
    assert.deepEqual(cgroupPlace('../../c1', MOUNTS), { end: 'c1' });
    assert.deepEqual(cgroupPlace('system.slice:docker:c1', MOUNTS), { end: 'docker-c1.scope' });
    assert.deepEqual(cgroupPlace(':cri:c1', MOUNTS), { end: 'cri-c1.scope' });
    for (const none of [undefined, '', '/', '.', '..']) assert.equal(cgroupPlace(none, MOUNTS), undefined);
  });

  it('is found in the lines of a process, at its end or above it', () => {
    const end = { end: 'docker/c1' };
    assert.ok(isWithin('5:memory:/docker/c1\n4:cpu:/\n', end));
    assert.ok(isWithin('0::/outer/docker/c1/init\n', end));
    assert.ok(isWithin('0::/system.slice/docker-c1.scope\n', { end: 'docker-c1.scope' }));
    assert.ok(!isWithin('0::/docker/c12\n', end));
    assert.ok(!isWithin('0::/xdocker/c1\n', end));
    assert.ok(!isWithin('1:name=docker/c1:/\n', end));
    assert.ok(!isWithin('', { end: 'c1' }));
  });

  it('is not the one of the same path in the container of another engine', () => {
    const place = { at: ['/default/web'] };
    assert.ok(isWithin('5:memory:/default/web\n', place));
    assert.ok(isWithin('5:memory:/default/web/child\n', place));
    assert.ok(!isWithin('5:memory:/docker/4f2/default/web\n', place));
    assert.ok(!isWithin('5:memory:/default/web2\n', place));
  });
});
