/** `on-failure` may have a largest number of retries; 0 means without end. */
export interface RestartPolicy {
  readonly Name: '' | 'no' | 'always' | 'unless-stopped' | 'on-failure';
  readonly MaximumRetryCount?: number;
}

export interface LogConfig {
  /** @default json-file */
  readonly Type: string;
  readonly Config?: Readonly<Record<string, string>>;
}

export interface DeviceMapping {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  /** Letters of `rwm`. @default rwm */
  readonly CgroupPermissions?: string;
}

export interface DeviceRequest {
  readonly Driver?: string;
  readonly Count?: number;
  readonly DeviceIDs?: readonly string[];
  readonly Capabilities?: readonly (readonly string[])[];
  readonly Options?: Readonly<Record<string, string>>;
}

export interface WeightDevice {
  readonly Path: string;
  readonly Weight: number;
}

/** Bytes or operations a second. */
export interface ThrottleDevice {
  readonly Path: string;
  readonly Rate: number;
}

export interface Ulimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

export interface BindOptions {
  readonly Propagation?: string;
  readonly NonRecursive?: boolean;
  readonly CreateMountpoint?: boolean;
  readonly ReadOnlyNonRecursive?: boolean;
  readonly ReadOnlyForceRecursive?: boolean;
}

export interface VolumeOptions {
  readonly NoCopy?: boolean;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly DriverConfig?: { readonly Name?: string; readonly Options?: Readonly<Record<string, string>> };
  readonly Subpath?: string;
}

export interface TmpfsOptions {
  readonly SizeBytes?: number;
  /** A file mode as a number. */
  readonly Mode?: number;
  readonly Options?: readonly (readonly string[])[];
}

/** An entry of `docker run --mount`. */
export interface MountRequest {
  readonly Type: 'bind' | 'volume' | 'tmpfs' | 'npipe' | 'image' | 'cluster';
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
  readonly Consistency?: string;
  readonly BindOptions?: BindOptions;
  readonly VolumeOptions?: VolumeOptions;
  readonly TmpfsOptions?: TmpfsOptions;
}

/** The limits: what `docker update` can change is among these. 0 or absent: none. */
export interface Resources {
  readonly CpuShares?: number;
  /** Bytes. */
  readonly Memory?: number;
  /** Billionths of a CPU. */
  readonly NanoCpus?: number;
  readonly CgroupParent?: string;
  readonly BlkioWeight?: number;
  readonly BlkioWeightDevice?: readonly WeightDevice[];
  readonly BlkioDeviceReadBps?: readonly ThrottleDevice[];
  readonly BlkioDeviceWriteBps?: readonly ThrottleDevice[];
  readonly BlkioDeviceReadIOps?: readonly ThrottleDevice[];
  readonly BlkioDeviceWriteIOps?: readonly ThrottleDevice[];
  /** Microseconds. */
  readonly CpuPeriod?: number;
  readonly CpuQuota?: number;
  readonly CpuRealtimePeriod?: number;
  readonly CpuRealtimeRuntime?: number;
  readonly CpusetCpus?: string;
  readonly CpusetMems?: string;
  readonly Devices?: readonly DeviceMapping[];
  readonly DeviceCgroupRules?: readonly string[];
  readonly DeviceRequests?: readonly DeviceRequest[];
  readonly KernelMemory?: number;
  readonly KernelMemoryTCP?: number;
  readonly MemoryReservation?: number;
  /** Memory and swap together; -1 for no limit. */
  readonly MemorySwap?: number;
  /** 0 to 100; -1 or null for the kernel's. */
  readonly MemorySwappiness?: number | null;
  readonly OomKillDisable?: boolean | null;
  /** -1, 0 or null for no limit. */
  readonly PidsLimit?: number | null;
  readonly Ulimits?: readonly Ulimit[];
  /** The rest is for Windows. */
  readonly CpuCount?: number;
  readonly CpuPercent?: number;
  readonly IOMaximumIOps?: number;
  readonly IOMaximumBandwidth?: number;
}

/** What depends on the host. */
export interface HostConfig extends Resources {
  /** `source:target[:options]`; a source that is no absolute path names a volume. */
  readonly Binds?: readonly string[];
  readonly ContainerIDFile?: string;
  readonly LogConfig?: LogConfig;
  /** `none`, `host`, `container:NAME`, `default`, or a network's name. */
  readonly NetworkMode?: string;
  readonly PortBindings?: Readonly<Record<string, readonly { HostIp?: string; HostPort?: string }[] | null>>;
  readonly RestartPolicy?: RestartPolicy;
  readonly AutoRemove?: boolean;
  readonly VolumeDriver?: string;
  readonly VolumesFrom?: readonly string[];
  readonly Mounts?: readonly MountRequest[];
  /** Rows and columns that a terminal has at its start. */
  readonly ConsoleSize?: readonly [height: number, width: number];
  readonly Annotations?: Readonly<Record<string, string>>;
  readonly CapAdd?: readonly string[];
  readonly CapDrop?: readonly string[];
  /** `host`, `private` or ''. */
  readonly CgroupnsMode?: string;
  readonly Dns?: readonly string[];
  readonly DnsOptions?: readonly string[];
  readonly DnsSearch?: readonly string[];
  /** `name:address`. */
  readonly ExtraHosts?: readonly string[];
  readonly GroupAdd?: readonly string[];
  /** `none`, `private`, `shareable`, `host`, `container:NAME` or ''. */
  readonly IpcMode?: string;
  readonly Cgroup?: string;
  readonly Links?: readonly string[];
  readonly OomScoreAdj?: number;
  /** `host`, `container:NAME` or ''. */
  readonly PidMode?: string;
  readonly Privileged?: boolean;
  readonly PublishAllPorts?: boolean;
  readonly ReadonlyRootfs?: boolean;
  /** `no-new-privileges[=bool]`, `seccomp=unconfined|builtin|<profile JSON>`, `apparmor=...`, `label=...`, `systempaths=unconfined`. */
  readonly SecurityOpt?: readonly string[];
  readonly StorageOpt?: Readonly<Record<string, string>>;
  /** Target -> mount options. */
  readonly Tmpfs?: Readonly<Record<string, string>>;
  /** `host` or ''. */
  readonly UTSMode?: string;
  /** `host` or ''. */
  readonly UsernsMode?: string;
  /** Bytes. @default 64 MiB */
  readonly ShmSize?: number;
  readonly Sysctls?: Readonly<Record<string, string>>;
  readonly Runtime?: string;
  /** Windows: `default`, `process` or `hyperv`. */
  readonly Isolation?: string;
  /** `null` for Docker's own list. */
  readonly MaskedPaths?: readonly string[] | null;
  readonly ReadonlyPaths?: readonly string[] | null;
  /** Run an init process that reaps and forwards signals. */
  readonly Init?: boolean | null;
}

/** A process to run in a running container, as `POST /containers/ID/exec` asks for it. */
export interface ExecConfig {
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly DetachKeys?: string;
  readonly Tty?: boolean;
  readonly ConsoleSize?: readonly [height: number, width: number];
  readonly Env?: readonly string[];
  readonly Cmd: readonly string[];
  readonly Privileged?: boolean;
  readonly User?: string;
  readonly WorkingDir?: string;
}
