import { isNotFound } from '../errdefs/index.js';
import { assertNoConflicts, type DaemonJson, loadDaemonJson, parseAddRuntimes } from '../runtimes/index.js';
import type { EngineOptions } from './engine-options.js';
import { type MetricsOptions, metricsOptionsOf } from './metrics-options.js';

/** What a daemon is told on its command line of what an engine and its metrics take. Only what was given is there. */
export interface DaemonFlags {
  /** Each as in `--add-runtime name=path`. */
  readonly addRuntime?: readonly string[] | undefined;
  readonly defaultRuntime?: string | undefined;
  readonly execOpt?: readonly string[] | undefined;
  readonly cgroupParent?: string | undefined;
  readonly logDriver?: string | undefined;
  readonly logOpt?: Readonly<Record<string, string>> | undefined;
  readonly initPath?: string | undefined;
  readonly liveRestore?: boolean | undefined;
  readonly dataRoot?: string | undefined;
  readonly execRoot?: string | undefined;
  readonly metricsAddr?: string | undefined;
  /** Not of daemon.json, as the next one. */
  readonly concurrency?: number | undefined;
  /** A Go duration; `0` is off. */
  readonly metricsInterval?: string | undefined;
}

/** By the names that daemon.json has for them. */
const DIRECTIVES: readonly (readonly [keyof DaemonFlags, string])[] = [
  ['defaultRuntime', 'default-runtime'],
  ['execOpt', 'exec-opts'],
  ['cgroupParent', 'cgroup-parent'],
  ['logDriver', 'log-driver'],
  ['logOpt', 'log-opts'],
  ['initPath', 'init-path'],
  ['liveRestore', 'live-restore'],
  ['dataRoot', 'data-root'],
  ['execRoot', 'exec-root'],
  ['metricsAddr', 'metrics-addr'],
];

export interface DaemonSources {
  readonly flags?: DaemonFlags | undefined;
  /** daemon.json. */
  readonly configFile?: string | undefined;
  /** Whether it is an error that there is no such file: when somebody named it. @default false */
  readonly mustExist?: boolean | undefined;
}

export interface DaemonOptions {
  /** For `createEngine`. */
  readonly engine: EngineOptions;
  /** For `serveEngineMetrics`. */
  readonly metrics: MetricsOptions;
}

/**
 * What command line and daemon.json say together. What is said in both places is refused, but for runtimes, which add up.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` with dockerd's words; NotFoundError when `mustExist`; by errno
 */
export async function daemonOptionsOf({ flags = {}, ...file }: DaemonSources): Promise<DaemonOptions> {
  const json = await readFile(file);
  const given = DIRECTIVES.filter(([flag]) => flags[flag] !== undefined);
  assertNoConflicts(new Map(given.map(([flag, name]) => [name, flags[flag]])), json?.given ?? new Map());
  const metrics = metricsOptionsOf(flags.metricsAddr ?? json?.metricsAddr, flags.metricsInterval);
  return { engine: engineOf(flags, json), metrics };
}

/** The part of `daemonOptionsOf` for `createEngine`. @throws as it */
export async function engineOptionsOf(sources: DaemonSources): Promise<EngineOptions> {
  return (await daemonOptionsOf(sources)).engine;
}

function engineOf(flags: DaemonFlags, json: DaemonJson | undefined): EngineOptions {
  const logDriver = flags.logDriver ?? json?.logDriver;
  const logOpts = flags.logOpt ?? json?.logOpts;
  return {
    root: flags.dataRoot ?? json?.dataRoot,
    state: flags.execRoot ?? json?.execRoot,
    runtimes: { ...json?.runtimes, ...parseAddRuntimes(flags.addRuntime ?? []) },
    defaultRuntime: flags.defaultRuntime ?? json?.defaultRuntime,
    execOpts: flags.execOpt ?? json?.execOpts,
    cgroupParent: flags.cgroupParent ?? json?.cgroupParent,
    initPath: flags.initPath ?? json?.initPath,
    liveRestore: flags.liveRestore ?? json?.liveRestore,
    concurrency: flags.concurrency,
    logConfig:
      logDriver === undefined && logOpts === undefined
        ? undefined
        : { Type: logDriver ?? 'json-file', ...(logOpts === undefined ? {} : { Config: logOpts }) },
    containerDefaults: {
      ulimits: json?.defaultUlimits,
      shmSize: json?.defaultShmSize,
      ipcMode: json?.defaultIpcMode,
      cgroupnsMode: json?.defaultCgroupnsMode,
      init: json?.init,
      noNewPrivileges: json?.noNewPrivileges,
    },
  };
}

async function readFile({
  configFile,
  mustExist = false,
}: Omit<DaemonSources, 'flags'>): Promise<DaemonJson | undefined> {
  if (configFile === undefined) return undefined;
  try {
    return await loadDaemonJson(configFile);
  } catch (err) {
    if (isNotFound(err) && !mustExist) return undefined;
    throw err;
  }
}
