/** A limit that a kernel may lack, or that cgroup v2 has not. */
export type HostLimit =
  | 'memory'
  | 'swap'
  | 'memory-reservation'
  | 'kernel-memory'
  | 'kernel-memory-tcp'
  | 'oom-kill-disable'
  | 'swappiness'
  | 'cpu-shares'
  | 'cpu-cfs'
  | 'cpu-realtime'
  | 'cpuset'
  | 'blkio-weight'
  | 'blkio-weight-device'
  | 'blkio-read-bps'
  | 'blkio-write-bps'
  | 'blkio-read-iops'
  | 'blkio-write-iops'
  | 'pids';

/** `hybrid`: the controllers are of v1, and a cgroup2 without them is mounted beside. Limits follow v1 then. */
export type CgroupVersion = 1 | 2 | 'hybrid';

/** What a spec depends on besides what the user asked for. Read once an engine: it does not change under a kernel. */
export interface HostFacts {
  readonly cgroupVersion: CgroupVersion;
  /** Names of controllers that can be used, `memory`, `cpu`... */
  readonly controllers: ReadonlySet<string>;
  readonly limits: ReadonlySet<HostLimit>;
  readonly kernel: { readonly release: string; readonly major: number; readonly minor: number };
  /** As Node has it: `x64`, `arm64`... */
  readonly arch: string;
  readonly hasSeccomp: boolean;
  readonly hasApparmor: boolean;
  /** Online; 0 when it could not be read. */
  readonly cpuCount: number;
  /** `/proc/self/ns/cgroup` and `/proc/self/ns/user` are there. */
  readonly hasCgroupNamespaces: boolean;
  readonly hasUserNamespaces: boolean;
}
