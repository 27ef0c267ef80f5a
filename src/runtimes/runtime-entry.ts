import { isAbsolute } from 'node:path';
import { InvalidArgumentError } from '../errdefs/index.js';
import { isShimName } from './shim-name.js';
import { type WrapperScript, wrapperScript } from './wrapper-script.js';

/** Options of runc and of runtimes that take its options, for every container of a runtime name. */
export interface RuncDefaults {
  readonly kind: 'runc';
  /** Name or path of the OCI runtime binary. The shim looks for a name on its own PATH. */
  readonly binaryName?: string | undefined;
  /** State folder of the OCI runtime (`runc --root`), without the namespace. */
  readonly root?: string | undefined;
  readonly systemdCgroup?: boolean | undefined;
  readonly noPivotRoot?: boolean | undefined;
  readonly noNewKeyring?: boolean | undefined;
  /** cgroup path the shim is placed in. */
  readonly shimCgroup?: string | undefined;
  /** Owner of the pipes between shim and process. @default the host ids of the container's 0:0 */
  readonly ioUid?: number | undefined;
  readonly ioGid?: number | undefined;
  /** Every task is restored from this folder, unless it names its own. */
  readonly criuImagePath?: string | undefined;
  /** Where CRIU keeps its logs while it restores. */
  readonly criuWorkPath?: string | undefined;
}

/** Options of any other runtime, passed on unread. */
export interface GenericDefaults {
  readonly kind: 'generic';
  readonly typeUrl: string;
  readonly configPath?: string | undefined;
  readonly configBody?: Uint8Array | undefined;
}

export type RuntimeDefaults = RuncDefaults | GenericDefaults;

/** A runtime that the operator adds: a `path` and arguments, or a `runtimeType` and options (moby's `runtimes`). */
export interface RuntimeEntry {
  /** An OCI runtime, by name or path, run by the shim of runc. Whether it is there is looked at when it is used. */
  readonly path?: string | undefined;
  /** For the OCI runtime, before those of the shim. They arrive as they are: no shell reads them. */
  readonly runtimeArgs?: readonly string[] | undefined;
  /** Shim name such as `io.containerd.runc.v2`, or the absolute path of a shim. */
  readonly runtimeType?: string | undefined;
  readonly options?: RuntimeDefaults | undefined;
}

/** What a name of the table stands for. */
export interface RuntimeDefinition {
  /** Shim name, or the absolute path of a shim. */
  readonly shim: string;
  readonly options: RuntimeDefaults | undefined;
  /** Set where `binaryName` is a script of ours. */
  readonly wraps?: { readonly path: string; readonly script: WrapperScript } | undefined;
}

export const RUNC_SHIM = 'io.containerd.runc.v2';
/** The name that always means runc: the operator adds others beside it. */
export const RUNC_NAME = 'runc';

/** Which parts an entry has. */
export interface EntryShape {
  readonly path: string;
  readonly runtimeType: string;
  readonly hasArgs: boolean;
  readonly hasOptions: boolean;
}

/**
 * Refuses parts that do not go together, in the words of moby (`daemon/runtime_unix.go`).
 * @throws InvalidArgumentError `ERR_OPTION_INVALID`
 */
export function assertEntryShape(name: string, { path, runtimeType, hasArgs, hasOptions }: EntryShape): void {
  if (name === '') throw invalidRuntime('runtime name is empty', name);
  if (name === RUNC_NAME) throw invalidRuntime(`runtime name '${RUNC_NAME}' is reserved`, name);
  const refuse = (why: string) => invalidRuntime(`runtime ${name}: ${why}`, name);
  if (path === '' && runtimeType === '') throw refuse('either a runtimeType or a path must be configured');
  if (path !== '' && runtimeType !== '') {
    throw refuse('cannot configure both path and runtimeType for the same runtime');
  }
  if (path !== '' && hasOptions) throw refuse('options cannot be used with a path runtime');
  if (runtimeType !== '' && hasArgs) throw refuse('args cannot be used with a runtimeType runtime');
}

/**
 * Checks an entry and says what it stands for.
 * @param scriptFolder where the script of a path with arguments lies; nothing is written here
 * @throws InvalidArgumentError `ERR_OPTION_INVALID`
 */
export function defineRuntime(name: string, entry: RuntimeEntry, scriptFolder?: string): RuntimeDefinition {
  const { path = '', runtimeArgs = [], runtimeType = '', options } = entry;
  assertEntryShape(name, { path, runtimeType, hasArgs: runtimeArgs.length > 0, hasOptions: options !== undefined });
  const refuse = (why: string) => invalidRuntime(`runtime ${name}: ${why}`, name);
  if (path !== '') {
    // The shim's working folder is the bundle: a path relative to ours means nothing there.
    if (path.includes('\0') || (path.includes('/') && !isAbsolute(path))) {
      throw refuse(`path ${JSON.stringify(path)} is neither a name nor absolute`);
    }
    if (runtimeArgs.length === 0) return { shim: RUNC_SHIM, options: { kind: 'runc', binaryName: path } };
    if (runtimeArgs.some((arg) => arg.includes('\0'))) throw refuse('an argument has a NUL character');
    if (scriptFolder === undefined) throw refuse('there is no folder for the script that gives its arguments');
    const script = wrapperScript(scriptFolder, name, path, runtimeArgs);
    return { shim: RUNC_SHIM, options: { kind: 'runc', binaryName: script.path }, wraps: { path, script } };
  }
  if (runtimeType.includes('\0') || (!isAbsolute(runtimeType) && !isShimName(runtimeType))) {
    throw refuse(
      `runtimeType ${JSON.stringify(runtimeType)} is neither a name such as ${RUNC_SHIM} nor the absolute path of a shim`,
    );
  }
  return { shim: runtimeType, options };
}

/** The error for what an operator says of a runtime. */
export function invalidRuntime(message: string, runtime: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { code: 'ERR_OPTION_INVALID', fields: { runtime } });
}
