import { posix, win32 } from 'node:path';
import { InvalidArgumentError } from '../errdefs/index.js';
import type { OciProcess, OciSpec } from '../oci/runtime-spec.js';

/** How paths and command lines of a process are read: as the container's platform does, not the host's. */
export type SpecPlatform = 'posix' | 'windows';

/**
 * Refuses a spec that no runtime could run, with the part that is wrong, before anything is sent.
 * @throws InvalidArgumentError `ERR_SPEC_INVALID`
 */
export function assertRunnableSpec(spec: OciSpec): void {
  if (typeof spec.ociVersion !== 'string' || spec.ociVersion === '') fail('ociVersion is missing');
  const platform: SpecPlatform = spec.windows === undefined ? 'posix' : 'windows';
  if (spec.process === undefined || spec.process === null) fail('process is missing');
  assertOciProcess(spec.process, platform);
  // A Hyper-V container's root comes from its layers; the specification forbids it to be set.
  if (spec.windows?.hyperv !== undefined) return;
  if (spec.root === undefined || spec.root === null) fail('root is missing');
  if (typeof spec.root.path !== 'string' || spec.root.path === '') fail('root.path is missing');
}

/**
 * The same for the process of an exec.
 * @throws InvalidArgumentError `ERR_SPEC_INVALID`
 */
export function assertOciProcess(process: OciProcess, platform: SpecPlatform = 'posix'): void {
  const hasCommandLine =
    platform === 'windows' && typeof process.commandLine === 'string' && process.commandLine !== '';
  if (!hasCommandLine) assertStrings('process.args', process.args ?? []);
  if (!hasCommandLine && (process.args === undefined || process.args.length === 0)) fail('process.args is empty');
  assertStrings('process.env', process.env ?? []);
  assertStrings('process.cwd', [process.cwd]);
  const isAbsolute = platform === 'windows' ? win32.isAbsolute : posix.isAbsolute;
  if (!isAbsolute(process.cwd)) fail(`process.cwd ${JSON.stringify(process.cwd)} is not an absolute path`);
}

function assertStrings(part: string, values: readonly unknown[]): void {
  if (!Array.isArray(values)) fail(`${part} is not a list`);
  for (const value of values) {
    if (typeof value !== 'string') fail(`${part} holds something that is not a string`);
    // execve(2) would cut it off there.
    if (value.includes('\0')) fail(`${part} holds a NUL byte`);
  }
}

function fail(problem: string): never {
  throw new InvalidArgumentError(`check spec: ${problem}`, { code: 'ERR_SPEC_INVALID' });
}
