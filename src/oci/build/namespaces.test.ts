import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HostConfig } from '../config/host-config.js';
import { namespacesOf } from './namespaces.js';
import { sysctlsOf } from './sysctls.js';
import { V1_HOST, V2_HOST } from './testing/host.js';
import { inputWith } from './testing/input.js';

const types = (hostConfig: HostConfig, host = V1_HOST) =>
  namespacesOf({ hostConfig, joined: {}, host }).map(({ type }) => type);

describe('namespacesOf', () => {
  it('gives every container its own, whatever its network is called', () => {
    for (const NetworkMode of ['', 'none', 'default', 'bridge', 'my-network']) {
      assert.deepEqual(types({ NetworkMode }), ['mount', 'network', 'ipc', 'pid', 'uts']);
    }
  });

  it("leaves the host's when that is asked for", () => {
    assert.deepEqual(types({ NetworkMode: 'host', IpcMode: 'host', PidMode: 'host', UTSMode: 'host' }), ['mount']);
  });

  it('joins those of a process', () => {
    const hostConfig = { NetworkMode: 'container:a', IpcMode: 'container:b', PidMode: 'container:c' };
    assert.deepEqual(namespacesOf({ hostConfig, joined: { network: 10, ipc: 11, pid: 12 }, host: V1_HOST }), [
      { type: 'mount' },
      { type: 'network', path: '/proc/10/ns/net' },
      { type: 'ipc', path: '/proc/11/ns/ipc' },
      { type: 'pid', path: '/proc/12/ns/pid' },
      { type: 'uts' },
    ]);
    assert.throws(() => namespacesOf({ hostConfig, joined: { network: 10 }, host: V1_HOST }), {
      code: 'ERR_SPEC_INVALID',
    });
  });

  it('gives a cgroup namespace with cgroup v2, or when asked, where the kernel has them', () => {
    const has = (hostConfig: HostConfig, host = V1_HOST) => types(hostConfig, host).includes('cgroup');
    assert.equal(has({}), false);
    assert.equal(has({}, V2_HOST), true);
    assert.equal(has({ Privileged: true }, V2_HOST), true);
    assert.equal(has({ CgroupnsMode: 'host' }, V2_HOST), false);
    assert.equal(has({ CgroupnsMode: 'private' }), true);
    assert.equal(has({ CgroupnsMode: 'private' }, { ...V1_HOST, hasCgroupNamespaces: false }), false);
  });
});

describe('sysctlsOf', () => {
  const sysctls = (hostConfig: HostConfig, Domainname = '') => sysctlsOf(inputWith(hostConfig, {}, { Domainname }));

  it('opens pings and low ports in a network of its own only', () => {
    const open = { 'net.ipv4.ping_group_range': '0 2147483647', 'net.ipv4.ip_unprivileged_port_start': '0' };
    assert.deepEqual(sysctls({ NetworkMode: 'none' }), open);
    assert.deepEqual(sysctls({ NetworkMode: 'host' }), {});
    assert.deepEqual(sysctls({ NetworkMode: 'container:x' }), {});
    assert.deepEqual(sysctlsOf(inputWith({}, { host: { ...V1_HOST, networkSysctls: new Set() } })), {});
  });

  it('lets the user have the last word', () => {
    const Sysctls = { 'net.ipv4.ip_unprivileged_port_start': '99', 'kernel.domainname': 'mine' };
    assert.deepEqual(sysctls({ Sysctls }, 'd.example'), {
      'net.ipv4.ping_group_range': '0 2147483647',
      ...Sysctls,
    });
  });

  it('sets the NIS domain unless the host would get it', () => {
    assert.equal(sysctls({}, 'd.example')['kernel.domainname'], 'd.example');
    assert.equal(sysctls({ UTSMode: 'host' }, 'd.example')['kernel.domainname'], undefined);
  });
});
