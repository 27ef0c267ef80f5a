import { basename, isAbsolute } from 'node:path';

/** Which generation of the shim API a shim speaks. */
export type ShimApi = 'v1' | 'v2';

/** What containerd 1.x called its one runtime with shim API v1. */
export const RUNTIME_V1_LINUX = 'io.containerd.runtime.v1.linux';
const SHIM_V1_BINARY = 'containerd-shim';
const BINARY_PREFIX = 'containerd-shim-';

/** Whether a shim's binary can be named after it: two or more parts with dots between them, the first not empty. */
export function isShimName(name: string): boolean {
  return !/[/\\\0]/.test(name) && name.indexOf('.') > 0;
}

/**
 * The program of a shim: `containerd-shim-<second last part>-<last part>` (containerd's core/runtime/v2); a path is its
 * own.
 * @param shim a name that `isShimName` takes, or an absolute path
 */
export function shimBinaryName(shim: string): string {
  if (isAbsolute(shim)) return shim;
  if (shim === RUNTIME_V1_LINUX) return SHIM_V1_BINARY;
  return BINARY_PREFIX + shim.split('.').slice(-2).join('-');
}

/** By its program: `containerd-shim-runc-v1` speaks v2 too, the number in its name is its own. */
export function shimApiOf(binary: string): ShimApi {
  return basename(binary) === SHIM_V1_BINARY ? 'v1' : 'v2';
}

/** Shims that take the options of runc, by name or by path. */
const RUNC_SHIMS = /^containerd-shim-(?:runc|crun)-v\d+$/;

/** @param shim a name that `isShimName` takes, or an absolute path */
export function takesRuncOptions(shim: string): boolean {
  return shim === RUNTIME_V1_LINUX || RUNC_SHIMS.test(basename(shimBinaryName(shim)));
}
