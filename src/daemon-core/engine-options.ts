import { isAbsolute, join } from 'node:path';
import { InvalidArgumentError } from '../errdefs/index.js';
import type { ConnectOptions } from '../libcontainerd/connect.js';
import type { Client } from '../libcontainerd/types.js';
import type { Logger } from '../log/logger.js';
import type { LogConfig, Ulimit } from '../oci/config/host-config.js';
import type { RuntimeEntry } from '../runtimes/index.js';

/** For containers that say nothing of it. */
export interface ContainerDefaults {
  readonly ulimits?: readonly Ulimit[] | undefined;
  /** Bytes. */
  readonly shmSize?: number | undefined;
  readonly ipcMode?: 'private' | 'shareable' | undefined;
  readonly cgroupnsMode?: 'private' | 'host' | undefined;
  readonly init?: boolean | undefined;
  readonly noNewPrivileges?: boolean | undefined;
}

export type LogWriterKind = 'engine' | 'keeper';

export interface EngineOptions {
  /** What outlives a reboot: records, logs, writable layers, volumes. One engine at a time has it. */
  readonly root?: string | undefined;
  /** Of this boot only: sockets, FIFOs, spilled output. At most 60 bytes long. @default '/run/libcontainerd' */
  readonly state?: string | undefined;
  /**
   * What runs the containers: a client of the seam, which the caller closes, or what `connect` takes, an `address` for a
   * containerd. @default the embedded core, in `root` and `state`, with two warm shims and lossless stdio
   */
  readonly backend?: Client | ConnectOptions | undefined;
  /** The containers' namespace with the backend. The engine takes everything in it for its own. @default 'docker' */
  readonly namespace?: string | undefined;
  /** Runtimes beside the stock ones, by name. */
  readonly runtimes?: Readonly<Record<string, RuntimeEntry>> | undefined;
  /** For containers that name none; each keeps what it was made with. @default 'runc' */
  readonly defaultRuntime?: string | undefined;
  /** `native.cgroupdriver=cgroupfs` or `systemd`. */
  readonly execOpts?: readonly string[] | undefined;
  /** @default '/docker', or 'system.slice' with systemd */
  readonly cgroupParent?: string | undefined;
  /** For containers that ask for none. @default json-file without rotation */
  readonly logConfig?: LogConfig | undefined;
  /**
   * Who writes `json-file` logs. `keeper`: a process of its own, which outlives the engine, so that nothing that containers print
   * is lost or waits while no engine runs. It has the containers that were created detached: without a terminal, an
   * open stdin, and `AttachStdout` or `AttachStderr`; whoever attaches to one of them follows its log. @default 'engine'
   */
  readonly logWriter?: LogWriterKind | undefined;
  /** @default Docker's */
  readonly containerDefaults?: ContainerDefaults | undefined;
  /** How many starts may be under way at once. @default 10 */
  readonly concurrency?: number | undefined;
  /** What `HostConfig.Init` puts before the command: the path of tini or the like. @default found on PATH */
  readonly initPath?: string | undefined;
  /** Leave containers running when the engine closes. @default true */
  readonly liveRestore?: boolean | undefined;
  /**
   * How long a backend may take to tell of its containers when the engine opens, in milliseconds. Of what has not answered by
   * then the state is uncertain, and it is asked again. @default 10 000
   */
  readonly restoreTimeoutMs?: number | undefined;
  /** When the engine opens, start what its restart policy says. @default true */
  readonly autoRestart?: boolean | undefined;
  /** How long the exit code of a removed container can be asked for, in milliseconds. @default 60 000 */
  readonly removedTtlMs?: number | undefined;
  /** How long an exec that has ended can be inspected, in milliseconds. @default 300 000 */
  readonly execTtlMs?: number | undefined;
  readonly logger?: Logger | undefined;
}

/** Checked, and with all defaults. */
export interface EngineSettings {
  /** Names this engine's containers with the backend; kept in `root`. */
  readonly id: string;
  readonly root: string;
  /** The engine's own folder for what is of this boot only. */
  readonly state: string;
  readonly namespace: string;
  readonly logConfig: LogConfig;
  readonly logWriter: LogWriterKind;
  readonly containerDefaults: ContainerDefaults;
  readonly concurrency: number;
  readonly initPath: string | undefined;
  readonly liveRestore: boolean;
  readonly autoRestart: boolean;
  readonly restoreTimeoutMs: number;
  readonly removedTtlMs: number;
  readonly execTtlMs: number;
}

const DEFAULT_ROOT = '/var/lib/libcontainerd';
const DEFAULT_STATE = '/run/libcontainerd';
const CONCURRENCY = 10;
const CONCURRENCY_MAX = 1_000;
const REMOVED_TTL_MS = 60_000;
const RESTORE_TIMEOUT_MS = 10_000;
const EXEC_TTL_MS = 300_000;

/** Where things are below `root` and `state`. */
export function foldersOf(options: EngineOptions) {
  const { root = DEFAULT_ROOT, state = DEFAULT_STATE } = options;
  for (const [name, path] of Object.entries({ root, state })) {
    if (!isAbsolute(path)) throw invalid(`${name} ${JSON.stringify(path)} is not an absolute path`);
  }
  return {
    root,
    state,
    /** Of the embedded core, which locks its own. */
    coreRoot: join(root, 'core'),
    coreState: state,
    engineRoot: join(root, 'engine'),
    engineState: join(state, 'engine'),
    logKeeperSocket: join(state, 'engine', 'log-keeper.sock'),
    volumes: join(root, 'volumes'),
  };
}

/** @throws InvalidArgumentError `ERR_OPTION_INVALID` */
export function settingsOf(options: EngineOptions, id: string, initPath: string | undefined): EngineSettings {
  const { concurrency = CONCURRENCY } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > CONCURRENCY_MAX) {
    throw invalid(`concurrency ${concurrency} is no whole number from 1 to ${CONCURRENCY_MAX}`);
  }
  const folders = foldersOf(options);
  return {
    id,
    root: folders.root,
    state: folders.engineState,
    namespace: options.namespace ?? 'docker',
    logConfig: options.logConfig ?? { Type: 'json-file' },
    logWriter: options.logWriter ?? 'engine',
    containerDefaults: options.containerDefaults ?? {},
    concurrency,
    initPath,
    liveRestore: options.liveRestore ?? true,
    autoRestart: options.autoRestart ?? true,
    restoreTimeoutMs: options.restoreTimeoutMs ?? RESTORE_TIMEOUT_MS,
    removedTtlMs: options.removedTtlMs ?? REMOVED_TTL_MS,
    execTtlMs: options.execTtlMs ?? EXEC_TTL_MS,
  };
}

function invalid(problem: string): InvalidArgumentError {
  return new InvalidArgumentError(`open the engine: ${problem}`, { code: 'ERR_OPTION_INVALID' });
}
