import type { HostLimit } from '../cgroup-facts.js';
import type { HostFacts } from '../host-facts.js';

const V1_LIMITS: readonly HostLimit[] = [
  'memory',
  'swap',
  'memory-reservation',
  'kernel-memory',
  'kernel-memory-tcp',
  'oom-kill-disable',
  'swappiness',
  'cpu-shares',
  'cpu-cfs',
  'cpu-realtime',
  'cpuset',
  'blkio-weight',
  'blkio-weight-device',
  'blkio-read-bps',
  'blkio-write-bps',
  'blkio-read-iops',
  'blkio-write-iops',
  'pids',
];
const V1_ONLY = new Set<HostLimit>([
  'kernel-memory',
  'kernel-memory-tcp',
  'oom-kill-disable',
  'swappiness',
  'cpu-realtime',
]);

/** A host with cgroup v1 that can do everything, with four CPUs. */
export const V1_HOST: HostFacts = {
  cgroupVersion: 1,
  controllers: new Set(['memory', 'cpu', 'cpuset', 'blkio', 'pids', 'devices']),
  limits: new Set(V1_LIMITS),
  cpus: '0-3',
  mems: '0',
  kernel: { release: '6.1.0-test', major: 6, minor: 1 },
  arch: 'x64',
  hasSeccomp: true,
  hasApparmor: false,
  hasDefaultApparmorProfile: false,
  cpuCount: 4,
  hasCgroupNamespaces: true,
  thermalFolders: [],
  networkSysctls: new Set(['net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start']),
};

/** The same with cgroup v2. */
export const V2_HOST: HostFacts = {
  ...V1_HOST,
  cgroupVersion: 2,
  limits: new Set(V1_LIMITS.filter((limit) => !V1_ONLY.has(limit))),
};

/** The host without some of its limits. */
export function lacking(host: HostFacts, ...limits: readonly HostLimit[]): HostFacts {
  return { ...host, limits: new Set([...host.limits].filter((limit) => !limits.includes(limit))) };
}
