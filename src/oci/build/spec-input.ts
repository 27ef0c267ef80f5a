import type { ContainerConfig } from '../config/container-config.js';
import type { HostConfig } from '../config/host-config.js';
import type { RootfsView } from '../users/rootfs-view.js';
import type { HostFacts } from './host-facts.js';

/** A bind or a volume, already resolved to a folder or a file of the host that is there. */
export interface SpecMount {
  readonly source: string;
  readonly destination: string;
  readonly readOnly?: boolean;
  /** @default rprivate */
  readonly propagation?: string;
  /** Leave out what is mounted below the source. */
  readonly nonRecursive?: boolean;
  /** What is mounted below the source stays writable although `readOnly`. */
  readonly readOnlyNonRecursive?: boolean;
  /** Fail rather than leave what is mounted below the source writable. */
  readonly readOnlyForceRecursive?: boolean;
  /** The mode as it was given (`z`, `ro`...): nothing of it is read here. */
  readonly mode?: string;
}

/** Everything that a Linux container's spec is made of. */
export interface SpecInput {
  readonly id: string;
  /** Without a slash. */
  readonly name: string;
  /** Parsed and checked. */
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly host: HostFacts;
  readonly rootfs: {
    /** As it goes into `root.path`. */
    readonly path: string;
    readonly view: RootfsView;
  };
  /** tmpfs of `HostConfig.Tmpfs` and `HostConfig.Mounts` are not among them: the builder reads those itself. */
  readonly mounts: readonly SpecMount[];
  /** Host paths for /etc/hostname, /etc/hosts and /etc/resolv.conf, unless a mount of the user's covers them. */
  readonly files: { readonly hostname?: string; readonly hosts?: string; readonly resolvConf?: string };
  readonly joined: {
    /** The init process of the container whose namespace is joined (`container:X`), in the host's pid namespace. */
    readonly pid?: number;
    readonly ipc?: number;
    readonly network?: number;
    /** The host's folder to bind at /dev/shm: of a shareable or a joined IPC namespace. */
    readonly shmPath?: string;
  };
  /** As the cgroup driver wants it: a path, or `slice:prefix:name`. */
  readonly cgroupsPath: string;
  /** The host's path of docker-init, for `HostConfig.Init`. It becomes /sbin/docker-init. */
  readonly initPath?: string;
}
