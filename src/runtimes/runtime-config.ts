import { isAbsolute, join } from 'node:path';
import process from 'node:process';
import { InvalidArgumentError } from '../errdefs/index.js';
import {
  assertCgroupParent,
  type CgroupDriver,
  cgroupsPathOf,
  defaultCgroupDriver,
  isSystemdInit,
  parseExecOpts,
} from './cgroup-driver.js';
import type { RuntimeEntries } from './daemon-runtimes.js';
import { invalidRuntime, type RuntimeDefaults, type RuntimeDefinition } from './runtime-entry.js';
import { RuntimeTable } from './runtime-table.js';
import { isShimName, RUNTIME_V1_LINUX, shimApiOf, shimBinaryName, takesRuncOptions } from './shim-name.js';
import { isUnifiedCgroup } from './unified-cgroup.js';
import { sweepWrappers, writeWrappers } from './wrapper-folder.js';

export interface RuntimeConfigOptions {
  /** An absolute path: what outlives a reboot. Scripts of runtimes with arguments lie in `<root>/runtimes`. */
  readonly root: string;
  /**
   * State folder of OCI runtimes that are told no other (`runc --root`). dockerd has `<exec root>/runtime-runc`.
   * @default none: the embedded core has its own, a containerd that of its shims
   */
  readonly runcRoot?: string | undefined;
  /**
   * Refuse an OCI runtime that is not on our PATH, before a shim looks for it. `false` for a containerd whose PATH is
   * another; what a script runs is looked for all the same.
   * @default true
   */
  readonly checkPrograms?: boolean | undefined;
  /** Of the operator, from daemon.json and flags. @default {} */
  readonly runtimes?: RuntimeEntries | undefined;
  /** @default 'runc' */
  readonly defaultRuntime?: string | undefined;
  /** `native.cgroupdriver=cgroupfs|systemd`. @default systemd on a host with cgroup v2 only and systemd, else cgroupfs */
  readonly execOpts?: readonly string[] | undefined;
  /** For containers that name none. @default `/docker`, or `system.slice` with systemd */
  readonly cgroupParent?: string | undefined;
  /** First part of the scopes that systemd makes. @default 'docker' */
  readonly scopePrefix?: string | undefined;
  /** Have OCI runtimes not use pivot_root, for a root file system in memory. @default whether `DOCKER_RAMDISK` is set */
  readonly noPivotRoot?: boolean | undefined;
  /** Where OCI runtimes are looked for. @default the environment's PATH at this moment */
  readonly path?: string | undefined;
  /** @internal what the host is like; tests say so themselves */
  readonly host?: { readonly unifiedCgroup: boolean; readonly systemd: boolean } | undefined;
}

/** What a reload may change. Absent: stays as it is. The runtimes are replaced as a whole. */
export type RuntimeChanges = Pick<RuntimeConfigOptions, 'runtimes' | 'defaultRuntime'>;

/** What a container is made with. */
export interface ContainerRuntime {
  /** The name, with the default filled in: what the container's record keeps. */
  readonly name: string;
  /** For `NewContainerOptions.runtime`: a shim's name or its absolute path, which every backend takes. */
  readonly runtime: string;
  /** For `NewContainerOptions.runtimeOptions`; `undefined` for a shim that nothing is known of. */
  readonly runtimeOptions: RuntimeDefaults | undefined;
  /** The script in `runtimeOptions`. While the container's shim lives it is needed: see `RuntimeConfig.sweepScripts`. */
  readonly script: string | undefined;
  /** For the user, such as that shim API v1 is deprecated. */
  readonly warnings: readonly string[];
  /**
   * `linux.cgroupsPath` for a container. @param parent the container's own. @default the configured one
   * @throws InvalidArgumentError `ERR_OPTION_INVALID` for a parent that the driver cannot use
   */
  cgroupsPath(id: string, parent?: string): string;
}

/**
 * The runtimes of an engine and how they make cgroups. Never changes: a reload makes another one, and a container keeps
 * what it was made with (moby `daemon/runtime_unix.go`).
 */
export class RuntimeConfig {
  readonly table: RuntimeTable;
  readonly defaultRuntime: string;
  readonly cgroupDriver: CgroupDriver;
  /** As configured; '' for the driver's default. */
  readonly cgroupParent: string;
  readonly #options: RuntimeConfigOptions;
  /** @internal */
  readonly scriptFolder: string;
  readonly #unifiedCgroup: boolean;

  /** @internal use `openRuntimeConfig` */
  constructor(options: RuntimeConfigOptions, host: { unifiedCgroup: boolean; systemd: boolean }) {
    const { defaultRuntime, cgroupParent = '', execOpts = [] } = options;
    if (!isAbsolute(options.root)) {
      throw new InvalidArgumentError(`configure runtimes: root ${JSON.stringify(options.root)} is not absolute`, {
        code: 'ERR_OPTION_INVALID',
      });
    }
    this.#options = options;
    this.#unifiedCgroup = host.unifiedCgroup;
    this.scriptFolder = join(options.root, 'runtimes');
    this.cgroupDriver = parseExecOpts(execOpts).cgroupDriver ?? defaultCgroupDriver(host);
    assertCgroupParent(this.cgroupDriver, cgroupParent);
    this.cgroupParent = cgroupParent;
    this.table = RuntimeTable.stock({
      add: options.runtimes,
      // '' is how a file says that there is none.
      defaultRuntime: defaultRuntime || undefined,
      path: options.path,
      scriptFolder: this.scriptFolder,
      isUnifiedCgroup: async () => host.unifiedCgroup,
    });
    this.defaultRuntime = this.table.defaultRuntime;
  }

  /**
   * Another configuration, with changes; this one stays as it is. The cgroup driver and parent do not change in an
   * engine's life.
   * @throws as `openRuntimeConfig`
   */
  with({ runtimes, defaultRuntime }: RuntimeChanges): Promise<RuntimeConfig> {
    return openRuntimeConfig({
      ...this.#options,
      runtimes: runtimes ?? this.#options.runtimes,
      defaultRuntime: defaultRuntime ?? this.#options.defaultRuntime,
    });
  }

  /**
   * Removes scripts of earlier configurations. Only at the start of an engine, before containers are started.
   * @param inUse `ContainerRuntime.script` of the containers that have outlived the engine
   * @returns the paths of what was removed
   * @throws by errno
   */
  sweepScripts(inUse: Iterable<string>): Promise<string[]> {
    const own = this.table.scripts().map(({ path }) => path);
    return sweepWrappers(this.scriptFolder, new Set([...own, ...inUse]));
  }

  /**
   * Says what a container of a runtime is made with. At create, so that a wrong name is refused at once, and at each start.
   * That a shim is there is for the backend to find out.
   * @param name @default the default runtime, also for ''
   * @throws InvalidArgumentError `ERR_OPTION_INVALID`: an unknown name, an OCI runtime that is not there, shim API v1 where
   * cgroup v2 is all there is
   */
  async resolveRuntime(name = ''): Promise<ContainerRuntime> {
    const known = name || this.defaultRuntime;
    const definition = this.table.definitionOf(known) ?? implicit(known);
    const warnings = this.#warningsOf(known, definition.shim);
    await this.#assertProgram(known, definition);
    return {
      name: known,
      runtime: definition.shim,
      runtimeOptions: this.#optionsOf(definition),
      script: definition.wraps?.script.path,
      warnings,
      cgroupsPath: (id, parent = '') =>
        cgroupsPathOf(this.cgroupDriver, parent || this.cgroupParent, id, this.#options.scopePrefix),
    };
  }

  #warningsOf(name: string, shim: string): string[] {
    if (shimApiOf(shimBinaryName(shim)) !== 'v1') return [];
    if (this.#unifiedCgroup) {
      const why = 'is not supported while cgroups v2 (unified hierarchy) is being used';
      throw invalidRuntime(`runtime "${name}" ${why}`, name);
    }
    return [`Configured runtime "${RUNTIME_V1_LINUX}" is deprecated and will be removed in the next release.`];
  }

  async #assertProgram(name: string, { wraps, options }: RuntimeDefinition): Promise<void> {
    const { checkPrograms = true } = this.#options;
    const binary = checkPrograms && options?.kind === 'runc' ? options.binaryName : undefined;
    // A shell would say of it only that the script failed.
    const program = wraps?.path ?? (binary || undefined);
    if (program === undefined || (await this.table.findOciRuntime(program)) !== undefined) return;
    const where = isAbsolute(program) ? 'is not there or cannot be executed' : 'is no executable file in PATH';
    throw new InvalidArgumentError(`error while looking up the specified runtime path: ${program} ${where}`, {
      code: 'ERR_OPTION_INVALID',
      fields: { runtime: name, binary: program },
    });
  }

  /** What the definition leaves open of runc's options. */
  #optionsOf({ shim, options }: RuntimeDefinition): RuntimeDefaults | undefined {
    if (options?.kind === 'generic' || !takesRuncOptions(shim)) return options;
    const { runcRoot, noPivotRoot } = this.#options;
    return {
      ...options,
      kind: 'runc',
      root: options?.root ?? runcRoot,
      systemdCgroup: options?.systemdCgroup ?? this.cgroupDriver === 'systemd',
      noPivotRoot: options?.noPivotRoot ?? noPivotRoot,
    };
  }
}

/**
 * Checks everything, then writes the scripts of runtimes with arguments. Nothing that is there is changed or removed.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID`; by errno for a script
 */
export async function openRuntimeConfig(options: RuntimeConfigOptions): Promise<RuntimeConfig> {
  const host = options.host ?? { unifiedCgroup: await isUnifiedCgroup(), systemd: await isSystemdInit() };
  const { path = process.env.PATH ?? '', noPivotRoot = (process.env.DOCKER_RAMDISK ?? '') !== '' } = options;
  const config = new RuntimeConfig({ ...options, host, path, noPivotRoot }, host);
  await writeWrappers(config.scriptFolder, config.table.scripts());
  return config;
}

/** A shim that nobody configured, by its name. Not by a path: whoever may ask for a container could have any program run. */
function implicit(name: string): RuntimeDefinition {
  if (!isShimName(name)) throw invalidRuntime(`unknown or invalid runtime name: ${name}`, name);
  return { shim: name, options: undefined };
}
