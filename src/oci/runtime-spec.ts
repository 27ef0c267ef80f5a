/**
 * The parts of the OCI runtime specification that this package reads. Everything else in a spec is passed on as it is:
 * the index signatures keep what we do not name. Field names are the JSON ones of opencontainers/runtime-spec 1.x.
 */

export interface OciUser {
  readonly uid: number;
  readonly gid: number;
  readonly umask?: number;
  readonly additionalGids?: readonly number[];
  readonly username?: string;
}

export interface OciProcess {
  readonly terminal?: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly user?: OciUser;
  readonly args?: readonly string[];
  readonly commandLine?: string;
  readonly env?: readonly string[];
  readonly cwd: string;
  readonly capabilities?: OciCapabilities;
  readonly rlimits?: readonly OciRlimit[];
  readonly noNewPrivileges?: boolean;
  readonly apparmorProfile?: string;
  readonly selinuxLabel?: string;
  readonly oomScoreAdj?: number;
  readonly [key: string]: unknown;
}

/** Names with their prefix: `CAP_CHOWN`. */
export interface OciCapabilities {
  readonly bounding?: readonly string[];
  readonly effective?: readonly string[];
  readonly permitted?: readonly string[];
  readonly inheritable?: readonly string[];
  readonly ambient?: readonly string[];
}

export interface OciRlimit {
  /** `RLIMIT_NOFILE`... */
  readonly type: string;
  readonly soft: number;
  readonly hard: number;
}

export interface OciIdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface OciNamespace {
  readonly type: string;
  readonly path?: string;
}

export interface OciSeccompArgument {
  /** Which argument of the system call, from 0. */
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  /** `SCMP_CMP_EQ`, `SCMP_CMP_MASKED_EQ`... */
  readonly op: string;
}

export interface OciSeccompRule {
  readonly names: readonly string[];
  /** `SCMP_ACT_ALLOW`, `SCMP_ACT_ERRNO`... */
  readonly action: string;
  /** What the call returns as its error, for `SCMP_ACT_ERRNO`. @default 1, EPERM */
  readonly errnoRet?: number;
  readonly args?: readonly OciSeccompArgument[];
}

export interface OciSeccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  /** `SCMP_ARCH_X86_64`... The host's own is always meant. */
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  readonly syscalls?: readonly OciSeccompRule[];
}

/** Limits as `LinuxResources` of the runtime specification; an absent field means "leave it". */
export interface LinuxResources {
  readonly memory?: Readonly<Record<string, number | boolean>>;
  readonly cpu?: Readonly<Record<string, number | string>>;
  readonly pids?: { readonly limit: number };
  readonly blockIO?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

export interface OciLinux {
  readonly uidMappings?: readonly OciIdMapping[];
  readonly gidMappings?: readonly OciIdMapping[];
  readonly namespaces?: readonly OciNamespace[];
  readonly resources?: LinuxResources;
  readonly cgroupsPath?: string;
  readonly seccomp?: OciSeccomp;
  readonly [key: string]: unknown;
}

export interface OciMount {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
  readonly [key: string]: unknown;
}

export interface OciSpec {
  readonly ociVersion: string;
  readonly process?: OciProcess;
  readonly root?: { readonly path: string; readonly readonly?: boolean };
  readonly hostname?: string;
  readonly mounts?: readonly OciMount[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: OciLinux;
  readonly windows?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}
