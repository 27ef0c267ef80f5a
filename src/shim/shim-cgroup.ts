import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError, NotFoundError, toEngineError } from '../errdefs/index.js';
import { type MountPoint, readMounts } from '../platform/mount-info.js';

const UNIFIED_ROOT = '/sys/fs/cgroup';

/**
 * Moves a process into a cgroup that exists, as containerd does for the `shim_cgroup` option: on a host of cgroup v1
 * into that of every mounted hierarchy that has it, else into the one of the unified hierarchy.
 *
 * @param path from the root of the hierarchies, such as `/system.slice/shims`
 * @throws NotFoundError when no hierarchy has the cgroup, or there is no such process; InvalidArgumentError
 * `ERR_OPTION_INVALID` for a path that leaves the hierarchy; PermissionDeniedError; by errno
 */
export async function joinCgroup(pid: number, path: string): Promise<void> {
  const roots = cgroupRoots(await readMounts());
  await joinCgroupIn(roots, pid, path);
}

/** The mount points of the hierarchies that count: the unified one, or else all of v1. */
export function cgroupRoots(mounts: readonly MountPoint[]): string[] {
  const isUnified = mounts.findLast((mount) => mount.path === UNIFIED_ROOT)?.fsType === 'cgroup2';
  if (isUnified) return [UNIFIED_ROOT];
  return [...new Set(mounts.filter((mount) => mount.fsType === 'cgroup').map((mount) => mount.path))];
}

/**
 * The mount points of every hierarchy. On a host of v1 runc makes a container's cgroup in a unified one as well that is
 * mounted beside, though it holds no controller.
 */
export function allCgroupRoots(mounts: readonly MountPoint[]): string[] {
  return [...new Set(mounts.filter(({ fsType }) => /^cgroup2?$/.test(fsType)).map(({ path }) => path))];
}

/** `joinCgroup` for given hierarchies. */
export async function joinCgroupIn(roots: readonly string[], pid: number, path: string): Promise<void> {
  if (path.split('/').includes('..') || path.includes('\0')) {
    throw new InvalidArgumentError(`join cgroup ${JSON.stringify(path)}: it leaves the hierarchy`, {
      code: 'ERR_OPTION_INVALID',
    });
  }
  let joined = 0;
  for (const root of roots) {
    try {
      // Not to be made: on the kernel's file system only an existing cgroup has the file.
      await writeFile(join(root, path, 'cgroup.procs'), String(pid), { flag: 'r+' });
      joined++;
    } catch (err) {
      if (err instanceof Error && 'code' in err && (err.code === 'ENOENT' || err.code === 'ENOTDIR')) continue;
      throw toEngineError(err, `move process ${pid} into cgroup ${join(root, path)}`);
    }
  }
  if (joined === 0) {
    throw new NotFoundError(`move process ${pid} into cgroup ${path}: no hierarchy has it`, { fields: { pid, path } });
  }
}
