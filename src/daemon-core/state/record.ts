import type { ContainerConfig } from '../../oci/config/container-config.js';
import type { HostConfig } from '../../oci/config/host-config.js';

/** See the diagram in the README of daemon-core. `transition` in `container-state.ts` is the only way from one to another. */
export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** Who was OOM-killed, as far as somebody could tell. */
export interface OomVictim {
  /** `init`, `exec ID`, or `unknown` when no process that we know exited 137. */
  readonly process: string;
  /** In the host's pid namespace, when the kernel's log told it. */
  readonly pid?: number;
  readonly cgroup?: string;
  /** ISO 8601, when it was heard of. */
  readonly at: string;
}

/** What is known of OOM kills in one run. */
export interface OomFacts {
  readonly killed: boolean;
  readonly kills: number;
  readonly victims: readonly OomVictim[];
}

export interface HealthResult {
  /** ISO 8601. */
  readonly Start: string;
  readonly End: string;
  readonly ExitCode: number;
  /** At most 4096 bytes. */
  readonly Output: string;
}

export interface HealthState {
  readonly Status: 'none' | 'starting' | 'healthy' | 'unhealthy';
  readonly FailingStreak: number;
  /** The last five. */
  readonly Log: readonly HealthResult[];
}

/** Where a container is in its life, and how its last run went. */
export interface ContainerState {
  readonly status: ContainerStatus;
  /** Counts the starts; 0 before the first. What is known of a run is kept under its number. */
  readonly run: number;
  /** 0 while nothing runs. */
  readonly pid: number;
  readonly exitCode: number;
  /** Why the last start failed; '' when it did not. */
  readonly error: string;
  /** ISO 8601; '' for never. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly oom: OomFacts;
  /** Restarts by the restart policy since somebody started it. */
  readonly restartCount: number;
  readonly health: HealthState | undefined;
}

export type RootfsSource =
  /** A folder used as it is: what the container writes, is written into it. */
  | { readonly kind: 'folder'; readonly path: string }
  /** An overlay over folders, from the uppermost to the lowest; its own layer is in the container's folder. */
  | { readonly kind: 'overlay'; readonly layers: readonly string[] };

/** A mount of the container as it was decided at create; keeps its meaning over restarts. */
export interface MountPoint {
  readonly type: 'bind' | 'volume' | 'tmpfs';
  /** Of a volume. */
  readonly name?: string;
  readonly driver?: string;
  /** On the host. */
  readonly source?: string;
  readonly destination: string;
  readonly readOnly: boolean;
  readonly propagation: string;
  /** The mode as it was given (`z`, `ro`...). */
  readonly mode: string;
  /** Made for this container alone, and removed with it when that is asked for. */
  readonly anonymous?: boolean;
  /** Of a bind: make a folder at the source when there is nothing at a start, as `-v` does and `--mount` does not. */
  readonly createSource?: boolean;
  /** Of a bind: leave out what is mounted below the source. */
  readonly nonRecursive?: boolean;
  /** Of a read-only bind: what is mounted below the source stays writable. */
  readonly readOnlyNonRecursive?: boolean;
  /** Of a read-only bind: fail where what is mounted below the source would stay writable. */
  readonly readOnlyForceRecursive?: boolean;
  /** Of a volume: do not fill it with what the image has at the destination. */
  readonly noCopy?: boolean;
  /** Of a volume: mount this folder of it; relative, and never out of it. */
  readonly subpath?: string;
}

/** One container, as it is on disk. Everything an engine must know of it after a restart. */
export interface ContainerRecord {
  readonly version: 1;
  /** 64 hexadecimal digits, or what the embedder gave. */
  readonly id: string;
  /** Without a slash. */
  readonly name: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly config: ContainerConfig;
  /** With the runtime's name filled in: a later change of the default does not change this container. */
  readonly hostConfig: HostConfig;
  readonly rootfs: RootfsSource;
  readonly mounts: readonly MountPoint[];
  readonly state: ContainerState;
  /** Somebody stopped it, so `unless-stopped` leaves it stopped. */
  readonly manuallyStopped: boolean;
  readonly startedBefore: boolean;
  /** The number of a run that is being started: found at a restart of the engine, that start was cut short. */
  readonly starting: number | undefined;
}

/** What must not be lost between the moment it is learned and the next save of the record. */
export type JournalFact =
  | {
      readonly fact: 'exit';
      readonly run: number;
      readonly code: number;
      readonly exitedAt: string;
      readonly unknown: boolean;
    }
  | { readonly fact: 'oom'; readonly run: number; readonly oom: OomFacts }
  /** Where the run's memory counter is, for a look at it after a restart. */
  | { readonly fact: 'cgroup'; readonly run: number; readonly folder: string };
