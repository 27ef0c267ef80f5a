import { posix } from 'node:path';
import type { HostConfig, MountRequest } from './host-config.js';
import { refuseOption } from './refuse-option.js';

const PROPAGATIONS = ['', 'private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];

/**
 * Checks `Mounts` and `Tmpfs` for themselves. Whether the source of a bind exists, and what is in `Binds`, is checked by
 * who resolves them.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` in the words of moby `daemon/volume/mounts`
 */
export function checkMounts(hostConfig: HostConfig): void {
  const targets = new Set<string>();
  const claim = (target: string, field: string) => {
    const path = posix.resolve('/', target);
    if (targets.has(path)) refuseOption(`Duplicate mount point: ${path}`, field);
    targets.add(path);
  };
  for (const mount of hostConfig.Mounts ?? []) {
    const problem = problemOf(mount);
    if (problem !== undefined) refuseOption(`invalid mount config for type "${mount.Type}": ${problem}`, 'Mounts');
    claim(mount.Target, 'Mounts');
  }
  for (const target of Object.keys(hostConfig.Tmpfs ?? {})) {
    const problem = targetProblem(target);
    if (problem !== undefined) refuseOption(problem, 'Tmpfs');
    claim(target, 'Tmpfs');
  }
}

function problemOf(mount: MountRequest): string | undefined {
  const { Type: type, Source: source = '', Target: target } = mount;
  const alien = alienOptions(mount);
  if (alien !== undefined) return `field ${alien} must not be specified`;
  if (target === '') return 'field Target must not be empty';
  const problem = targetProblem(target);
  if (problem !== undefined) return problem;
  if (type === 'npipe' || type === 'cluster') return 'mount type unknown';
  if (type === 'tmpfs') return source === '' ? tmpfsProblem(mount) : 'field Source must not be specified';
  if (type === 'volume') return subpathProblem(mount, source);
  if (source === '') return 'field Source must not be empty';
  if (type !== 'bind') return undefined;
  const propagation = mount.BindOptions?.Propagation ?? '';
  if (!PROPAGATIONS.includes(propagation)) return `invalid propagation mode: ${propagation}`;
  return absoluteProblem(source);
}

function alienOptions(mount: MountRequest): string | undefined {
  if (mount.BindOptions !== undefined && mount.Type !== 'bind') return 'BindOptions';
  if (mount.VolumeOptions !== undefined && mount.Type !== 'volume') return 'VolumeOptions';
  if (mount.TmpfsOptions !== undefined && mount.Type !== 'tmpfs') return 'TmpfsOptions';
  return undefined;
}

function targetProblem(target: string): string | undefined {
  if (posix.normalize(target) === '/') return "invalid specification: destination can't be '/'";
  return absoluteProblem(target);
}

function absoluteProblem(path: string): string | undefined {
  return posix.isAbsolute(path) ? undefined : `invalid mount path: '${path}' mount path must be absolute`;
}

function tmpfsProblem({ TmpfsOptions: options }: MountRequest): string | undefined {
  return (options?.SizeBytes ?? 0) < 0 ? 'size of a tmpfs must not be negative' : undefined;
}

function subpathProblem({ VolumeOptions: options }: MountRequest, source: string): string | undefined {
  const subpath = options?.Subpath ?? '';
  if (subpath === '') return undefined;
  if (source === '') return 'must not set Subpath when using anonymous volumes';
  const isInside = !posix.isAbsolute(subpath) && !posix.normalize(subpath).split('/').includes('..');
  return isInside ? undefined : 'subpath must be a relative path within the volume';
}
