import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cgroupEnd, isWithin } from './container-processes.js';

describe('the cgroup of a container', () => {
  it('is what the spec says, for either driver', () => {
    assert.equal(cgroupEnd('/docker/c1'), 'docker/c1');
    assert.equal(cgroupEnd('docker//c1/'), 'docker/c1');
    assert.equal(cgroupEnd('../../c1'), 'c1');
    assert.equal(cgroupEnd('system.slice:docker:c1'), 'docker-c1.scope');
    assert.equal(cgroupEnd(':cri:c1'), 'cri-c1.scope');
    for (const none of [undefined, '', '/', '.', '..']) assert.equal(cgroupEnd(none), undefined);
  });

  it('is found in the lines of a process, at its end or above it', () => {
    assert.ok(isWithin('5:memory:/docker/c1\n4:cpu:/\n', 'docker/c1'));
    assert.ok(isWithin('0::/outer/docker/c1/init\n', 'docker/c1'));
    assert.ok(isWithin('0::/system.slice/docker-c1.scope\n', 'docker-c1.scope'));
    assert.ok(!isWithin('0::/docker/c12\n', 'docker/c1'));
    assert.ok(!isWithin('0::/xdocker/c1\n', 'docker/c1'));
    assert.ok(!isWithin('1:name=docker/c1:/\n', 'docker/c1'));
    assert.ok(!isWithin('', 'c1'));
  });
});
