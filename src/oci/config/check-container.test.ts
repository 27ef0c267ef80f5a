import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidArgumentError } from '../../errdefs/index.js';
import { checkContainer } from './check-container.js';
import { checkResources } from './check-resources.js';
import type { ContainerConfig } from './container-config.js';
import type { HostConfig, Resources } from './host-config.js';

const MIB = 1024 * 1024;
const WHOLE: ContainerConfig = { Cmd: ['true'] };

function refuses(config: ContainerConfig, hostConfig: HostConfig, message: string): void {
  it(`refuses: ${message}`, () => {
    assert.throws(
      () => checkContainer(config, hostConfig),
      (error: unknown) => error instanceof InvalidArgumentError && error.message === message,
    );
  });
}

describe('checkContainer, of the container itself', () => {
  const refusesConfig = (config: ContainerConfig, message: string) => refuses({ ...WHOLE, ...config }, {}, message);
  refuses({}, {}, 'no command specified');
  refusesConfig({ Hostname: 'a b' }, 'invalid hostname format: "a b"');
  refusesConfig({ Hostname: 'a\nb' }, 'invalid hostname format: "a\\nb"');
  refusesConfig({ WorkingDir: 'x' }, "the working directory 'x' is invalid, it needs to be an absolute path");
  refusesConfig({ Env: ['=a'] }, 'invalid environment variable: =a');
  refusesConfig({ Env: ['A=b', ''] }, 'invalid environment variable: ');
  refusesConfig({ StopSignal: 'SIGNOPE' }, 'invalid signal: SIGNOPE');
  refusesConfig({ StopSignal: '0' }, 'invalid signal: 0');
  refusesConfig({ StopSignal: 'SIGRTMIN+31' }, 'invalid signal: SIGRTMIN+31');
  refusesConfig({ Healthcheck: { Interval: 1 } }, 'Interval in Healthcheck cannot be less than 1ms');
  refusesConfig({ Healthcheck: { Timeout: 999_999 } }, 'Timeout in Healthcheck cannot be less than 1ms');
  refusesConfig({ Healthcheck: { StartPeriod: -1 } }, 'StartPeriod in Healthcheck cannot be less than 1ms');
  refusesConfig({ Healthcheck: { StartInterval: 5 } }, 'StartInterval in Healthcheck cannot be less than 1ms');
  refusesConfig({ Healthcheck: { Retries: -1 } }, 'Retries in Healthcheck cannot be negative');

  it('refuses a hostname that the kernel would not take', () => {
    checkContainer({ ...WHOLE, Hostname: 'h'.repeat(64) }, {});
    assert.throws(() => checkContainer({ ...WHOLE, Hostname: 'ü'.repeat(33) }, {}), /invalid hostname format/);
  });

  it('takes an entrypoint for a command, signals in all spellings, and health checks at the least time', () => {
    checkContainer({ Entrypoint: ['x'], Healthcheck: { Test: ['NONE'], Interval: 0, Timeout: 1e6 } }, {});
    for (const StopSignal of ['SIGTERM', 'term', '9', '64', 'RTMIN+3', 'SIGRTMAX-1']) {
      checkContainer({ ...WHOLE, StopSignal }, {});
    }
  });
});

describe('checkContainer, of what depends on the host', () => {
  const refusesHost = (hostConfig: HostConfig, message: string) => refuses(WHOLE, hostConfig, message);
  refusesHost(
    { AutoRemove: true, RestartPolicy: { Name: 'always' } },
    "can't create 'AutoRemove' container with restart policy",
  );
  refusesHost(
    { RestartPolicy: { Name: 'always', MaximumRetryCount: 1 } },
    "invalid restart policy: maximum retry count can only be used with 'on-failure'",
  );
  refusesHost(
    { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: -1 } },
    'invalid restart policy: maximum retry count cannot be negative',
  );
  refusesHost({ IpcMode: 'odd' }, 'invalid IPC mode: odd');
  refusesHost({ IpcMode: 'container:' }, 'invalid IPC mode: container:');
  refusesHost({ PidMode: 'private' }, 'invalid PID mode: private');
  refusesHost({ UTSMode: 'container:a' }, 'invalid UTS mode: container:a');
  refusesHost({ CgroupnsMode: 'x' }, 'invalid cgroup namespace mode: x');
  refusesHost({ UsernsMode: 'x' }, 'invalid user namespace mode: x');
  refusesHost({ NetworkMode: 'container:' }, 'invalid network mode: invalid container format container:<name|id>');
  refusesHost({ NetworkMode: 'container:a', Dns: ['1.1.1.1'] }, 'conflicting options: dns and the network mode');
  refuses(
    { ...WHOLE, Hostname: 'h' },
    { NetworkMode: 'container:a' },
    'conflicting options: hostname and the network mode',
  );
  refuses({ ...WHOLE, Hostname: 'h' }, { UTSMode: 'host' }, 'conflicting options: hostname and the UTS mode');
  refusesHost({ OomScoreAdj: 1001 }, 'Invalid value 1001, range for oom score adj is [-1000, 1000]');
  refusesHost({ ShmSize: -1 }, 'SHM size can not be less than 0');
  refusesHost({ CapAdd: ['nope'] }, 'invalid CapAdd: unknown capability: "CAP_NOPE"');
  refusesHost({ CapDrop: ['CAP_NOPE'] }, 'invalid CapDrop: unknown capability: "CAP_NOPE"');
  refusesHost({ SecurityOpt: ['odd'] }, 'invalid --security-opt 1: "odd"');
  refusesHost({ Isolation: 'hyperv' }, "invalid isolation 'hyperv' on linux");
  refusesHost(
    { Annotations: { '': 'a' } },
    'invalid Annotations: the empty string is not permitted as an annotation key',
  );
  refusesHost({ ExtraHosts: ['a'] }, 'bad format for add-host: "a"');
  refusesHost({ ExtraHosts: ['a:b'] }, 'invalid IP address in add-host: "b"');
  refusesHost({ PortBindings: { '0/tcp': null } }, 'invalid port specification: "0/tcp"');
  refusesHost({ PortBindings: { '80/tcp': [{ HostPort: '9-8' }] } }, 'invalid port specification: "9-8"');
  refusesHost({ Sysctls: { 'kernel.panic': '1' } }, 'sysctl "kernel.panic" is not in a separate kernel namespace');
  refusesHost(
    { NetworkMode: 'host', Sysctls: { 'net/ipv4/ip_forward': '1' } },
    'sysctl "net/ipv4/ip_forward" not allowed in host network namespace',
  );
  refusesHost(
    { IpcMode: 'host', Sysctls: { 'kernel.shmmax': '1' } },
    'sysctl "kernel.shmmax" is not allowed in the hosts ipc namespace',
  );
  refusesHost(
    { Mounts: [{ Type: 'bind', Target: '/a' }] },
    'invalid mount config for type "bind": field Source must not be empty',
  );
  refusesHost(
    { Mounts: [{ Type: 'tmpfs', Target: '/../' }] },
    `invalid mount config for type "tmpfs": invalid specification: destination can't be '/'`,
  );
  refusesHost(
    { Mounts: [{ Type: 'volume', Source: 'v', Target: '/a', BindOptions: {} }] },
    'invalid mount config for type "volume": field BindOptions must not be specified',
  );
  refusesHost(
    { Mounts: [{ Type: 'volume', Source: 'v', Target: '/a', VolumeOptions: { Subpath: 'a/../../b' } }] },
    'invalid mount config for type "volume": subpath must be a relative path within the volume',
  );
  refusesHost({ Mounts: [{ Type: 'tmpfs', Target: '/a' }], Tmpfs: { '/a/': '' } }, 'Duplicate mount point: /a');

  it('takes what docker run sends of all of these', () => {
    checkContainer(WHOLE, {
      IpcMode: 'container:a',
      PidMode: 'host',
      NetworkMode: 'bridge',
      RestartPolicy: { Name: 'no' },
      AutoRemove: true,
      ExtraHosts: ['a:host-gateway', 'b=::1', 'c:[::1]', 'd:10.0.0.1'],
      PortBindings: { '80/tcp': [{ HostPort: '' }, { HostPort: '8000-8010' }] },
      Sysctls: { 'net.ipv4.conf.eth0/1.forwarding': '1', 'fs/mqueue/msg_max': '5', 'kernel.domainname': 'a' },
      Mounts: [{ Type: 'bind', Source: '/s', Target: '/a', BindOptions: { Propagation: 'rslave' } }],
      Tmpfs: { '/t': 'size=1m' },
      CapAdd: ['net_raw'],
      CapDrop: ['ALL'],
    });
  });
});

describe('checkResources', () => {
  const refusesLimits = (resources: Resources, message: string) => refuses(WHOLE, resources, message);
  refusesLimits({ Memory: 6 * MIB - 1 }, 'Minimum memory limit allowed is 6MB');
  refusesLimits(
    { Memory: 8 * MIB, MemorySwap: 7 * MIB },
    'Minimum memoryswap limit should be larger than memory limit, see usage',
  );
  refusesLimits(
    { MemorySwap: 8 * MIB },
    'You should always set the Memory limit when using Memoryswap limit, see usage',
  );
  refusesLimits({ MemoryReservation: 1 }, 'Minimum memory reservation allowed is 6MB');
  refusesLimits(
    { Memory: 8 * MIB, MemoryReservation: 9 * MIB },
    'Minimum memory limit can not be less than memory reservation limit, see usage',
  );
  refusesLimits({ MemorySwappiness: 101 }, 'Invalid value: 101, valid memory swappiness range is 0-100');
  refusesLimits({ NanoCpus: 1, CpuPeriod: 1000 }, 'Conflicting options: Nano CPUs and CPU Period cannot both be set');
  refusesLimits({ NanoCpus: 1, CpuQuota: 1000 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  refusesLimits(
    { CpuPeriod: 999 },
    'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
  );
  refusesLimits({ CpuQuota: 999 }, 'CPU cfs quota can not be less than 1ms (i.e. 1000)');
  refusesLimits({ CpuShares: -1 }, 'invalid CPU shares (-1): value must be a positive integer');
  refusesLimits({ CpusetCpus: '1-' }, 'Invalid value 1- for cpuset cpus');
  refusesLimits({ CpusetMems: 'a' }, 'Invalid value a for cpuset mems');
  refusesLimits({ BlkioWeight: 9 }, 'Range of blkio weight is from 10 to 1000');
  refusesLimits({ DeviceCgroupRules: ['c 1:3'] }, "invalid device cgroup rule format: 'c 1:3'");
  refusesLimits(
    { Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'rx' }] },
    'invalid device mode: rx',
  );
  refusesLimits({ Ulimits: [{ Name: 'odd', Soft: 1, Hard: 1 }] }, 'invalid ulimit type: odd');
  refusesLimits(
    { Ulimits: [{ Name: 'nofile', Soft: 2, Hard: 1 }] },
    'ulimit soft limit must be less than or equal to hard limit: 2 > 1',
  );

  it('takes limits at their ends', () => {
    checkResources({
      Memory: 6 * MIB,
      MemorySwap: -1,
      MemorySwappiness: -1,
      CpuPeriod: 1_000_000,
      CpuQuota: -1,
      CpusetCpus: '0-3, 7',
      BlkioWeight: 10,
      PidsLimit: -1,
      Ulimits: [{ Name: 'nofile', Soft: 5, Hard: -1 }],
      DeviceCgroupRules: ['c *:* rwm'],
    });
  });

  it('knows the end of NanoCpus only when it knows the CPUs', () => {
    checkResources({ NanoCpus: 3e9 });
    checkResources({ NanoCpus: 2e9 }, { cpuCount: 2 });
    assert.throws(() => checkResources({ NanoCpus: 3e9 }, { cpuCount: 2 }), /range of CPUs is from 0.01 to 2.00/);
  });

  it('lets an update give swap alone', () => {
    checkResources({ MemorySwap: 8 * MIB }, { update: true });
  });
});
