import { basename, isAbsolute } from 'node:path';
import process from 'node:process';
import {
  type EngineError,
  InvalidArgumentError,
  isNotFound,
  isNotImplemented,
  NotFoundError,
  NotImplementedError,
} from '../errdefs/index.js';
import { BinaryFinder, pathFolders } from './binary-finder.js';
import {
  defineRuntime,
  RUNC_NAME,
  RUNC_SHIM,
  type RuntimeDefaults,
  type RuntimeDefinition,
  type RuntimeEntry,
} from './runtime-entry.js';
import { isShimName, RUNTIME_V1_LINUX, type ShimApi, shimApiOf, shimBinaryName } from './shim-name.js';
import { isUnifiedCgroup } from './unified-cgroup.js';
import type { WrapperScript } from './wrapper-script.js';

export interface ResolvedRuntime {
  /** As it was asked for. */
  readonly name: string;
  readonly api: ShimApi;
  /** Absolute path of the shim's program. */
  readonly shim: string;
  /** File name of the shim's program: `containerd-shim-runc-v2`. */
  readonly shimName: string;
  /** What the name itself says, such as the OCI runtime for `crun`; a container's own options come on top. */
  readonly options: RuntimeDefaults | undefined;
}

export interface RuntimeTableOptions {
  /** Where shims and OCI runtimes are looked for. @default the environment's PATH at this moment */
  readonly path?: string | undefined;
  /** Where shims are looked for after PATH. Not OCI runtimes: it is the shim that looks for those, on PATH. @default [] */
  readonly extraDirs?: readonly string[] | undefined;
  /** Runtimes of the operator by name. They may replace a stock name, but for `runc`. */
  readonly add?: Readonly<Record<string, RuntimeEntry>> | undefined;
  /** Where the scripts of runtimes with `runtimeArgs` lie; `writeWrappers` puts them there. @default none: no arguments */
  readonly scriptFolder?: string | undefined;
  /** The runtime of a container that names none. @default 'runc' */
  readonly defaultRuntime?: string | undefined;
  /** @internal whether the host has cgroup v2 only; tests say so themselves */
  readonly isUnifiedCgroup?: (() => Promise<boolean>) | undefined;
}

const STOCK: readonly (readonly [string, RuntimeDefinition])[] = [
  [RUNC_NAME, { shim: RUNC_SHIM, options: { kind: 'runc', binaryName: 'runc' } }],
  [RUNC_SHIM, { shim: RUNC_SHIM, options: undefined }],
  ['io.containerd.runc.v1', { shim: 'io.containerd.runc.v1', options: undefined }],
  [RUNTIME_V1_LINUX, { shim: RUNTIME_V1_LINUX, options: undefined }],
  ['crun', { shim: RUNC_SHIM, options: { kind: 'runc', binaryName: 'crun' } }],
];

/** Which shim, and which options for it, a runtime name stands for. Never changes: a reload makes a new one. */
export class RuntimeTable {
  readonly defaultRuntime: string;
  readonly #definitions: ReadonlyMap<string, RuntimeDefinition>;
  readonly #shims: BinaryFinder;
  readonly #ociRuntimes: BinaryFinder;
  readonly #isUnifiedCgroup: () => Promise<boolean>;

  private constructor(options: RuntimeTableOptions) {
    const added = Object.entries(options.add ?? {});
    this.#definitions = new Map([
      ...STOCK,
      ...added.map(([name, entry]) => [name, defineRuntime(name, entry, options.scriptFolder)] as const),
    ]);
    this.defaultRuntime = options.defaultRuntime ?? RUNC_NAME;
    if (!this.#definitions.has(this.defaultRuntime) && !isShimName(this.defaultRuntime)) {
      throw new InvalidArgumentError(`specified default runtime '${this.defaultRuntime}' does not exist`, {
        code: 'ERR_OPTION_INVALID',
        fields: { runtime: this.defaultRuntime },
      });
    }
    const folders = pathFolders(options.path ?? process.env.PATH ?? '');
    this.#shims = new BinaryFinder([...folders, ...(options.extraDirs ?? [])]);
    this.#ociRuntimes = new BinaryFinder(folders);
    this.#isUnifiedCgroup = options.isUnifiedCgroup ?? isUnifiedCgroup;
  }

  /**
   * The table that an engine has with nothing configured, and what is added to it.
   * @throws InvalidArgumentError `ERR_OPTION_INVALID` for an entry or a default that cannot be
   */
  static stock(options: RuntimeTableOptions = {}): RuntimeTable {
    return new RuntimeTable(options);
  }

  /** The stock names and the added ones, whether they can be used here or not. */
  names(): string[] {
    return [...this.#definitions.keys()];
  }

  /** The shim name or path that a name stands for, without looking whether it is there: it decides the type of options. */
  shimTypeOf(name: string): string {
    return this.#definitions.get(name)?.shim ?? name;
  }

  /** What a name of the table stands for; `undefined` for one that is not in it. */
  definitionOf(name: string): RuntimeDefinition | undefined {
    return this.#definitions.get(name);
  }

  /** The scripts that runtimes with arguments are run by. */
  scripts(): WrapperScript[] {
    return [...this.#definitions.values()].flatMap(({ wraps }) => (wraps === undefined ? [] : [wraps.script]));
  }

  /** Where an OCI runtime is, by name or absolute path; `undefined` when there is no such program now. */
  findOciRuntime(program: string): Promise<string | undefined> {
    return this.#ociRuntimes.find(program);
  }

  /** Those of `names()` that can be used on this host now. */
  async available(): Promise<string[]> {
    const usable = await Promise.all(this.names().map((name) => this.#isUsable(name)));
    return this.names().filter((_, index) => usable[index]);
  }

  async #isUsable(name: string): Promise<boolean> {
    try {
      await this.resolve(name);
      return true;
    } catch (err) {
      if (isNotFound(err) || isNotImplemented(err)) return false;
      throw err;
    }
  }

  /**
   * Finds the shim of a runtime. A name that is not in the table is taken for that of a shim (`io.containerd.runsc.v1`),
   * or for the absolute path of one. Binaries may come and go meanwhile.
   *
   * @throws NotFoundError `ERR_RUNTIME_NOT_FOUND` with the program and the folders it was looked for in;
   * InvalidArgumentError for a path that is not absolute; NotImplementedError `ERR_RUNTIME_UNSUPPORTED` for shim API v1
   * on a host with cgroup v2 only
   */
  async resolve(name: string = this.defaultRuntime): Promise<ResolvedRuntime> {
    const { shim, options, wraps } = this.#definitions.get(name) ?? implicit(name, this.names());
    const binary = shimBinaryName(shim);
    const api = shimApiOf(binary);
    if (api === 'v1' && (await this.#isUnifiedCgroup())) {
      throw new NotImplementedError(
        `use runtime ${name}: shim API v1 is not supported while cgroups v2 (unified hierarchy) is being used`,
        { code: 'ERR_RUNTIME_UNSUPPORTED', fields: { runtime: name } },
      );
    }
    // Of a script, what it runs.
    const ociRuntime = wraps?.path ?? (options?.kind === 'runc' ? options.binaryName : undefined);
    const [path, ociPath] = await Promise.all([
      this.#shims.find(binary),
      ociRuntime === undefined ? undefined : this.#ociRuntimes.find(ociRuntime),
    ]);
    if (path === undefined) throw missing(name, `its shim ${binary}`, binary, this.#shims.folders);
    if (ociRuntime !== undefined && ociPath === undefined) {
      throw missing(name, `the OCI runtime ${ociRuntime}`, ociRuntime, this.#ociRuntimes.folders);
    }
    return { name, api, shim: path, shimName: basename(path), options };
  }
}

function implicit(name: string, known: readonly string[]): RuntimeDefinition {
  const fields = { runtime: name };
  if (name.includes('\0') || (/[/\\]/.test(name) && !isAbsolute(name))) {
    throw new InvalidArgumentError(
      `use runtime ${JSON.stringify(name)}: the path of a shim has to be absolute, and a name has no separators`,
      { fields },
    );
  }
  if (isAbsolute(name) || isShimName(name)) return { shim: name, options: undefined };
  throw new NotFoundError(
    `use runtime ${JSON.stringify(name)}: it is not configured (${known.join(', ')} are), and it is not the name of a shim`,
    { code: 'ERR_RUNTIME_NOT_FOUND', fields },
  );
}

function missing(runtime: string, what: string, binary: string, folders: readonly string[]): EngineError {
  const where = isAbsolute(binary)
    ? 'is not there or cannot be executed'
    : folders.length === 0
      ? 'cannot be looked for: PATH is empty'
      : `is no executable file in any of ${folders.join(', ')}`;
  return new NotFoundError(`use runtime ${runtime}: ${what} ${where}`, {
    code: 'ERR_RUNTIME_NOT_FOUND',
    fields: { runtime, binary, folders: isAbsolute(binary) ? [] : folders },
  });
}
