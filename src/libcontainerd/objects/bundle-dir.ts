import { chown, mkdir, rm, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, sep } from 'node:path';
import { PermissionDeniedError } from '../../errdefs/index.js';
import { hostRootOf } from '../../oci/id-mapping.js';
import type { OciSpec } from '../../oci/runtime-spec.js';

/** moby's label: an engine that takes over finds the FIFOs of what the other one left. */
export const BUNDLE_LABEL = 'com.docker/engine.bundle.path';

const WORLD_EXECUTE = 0o001;

/**
 * The folder for a container's FIFOs. With a user namespace every component that the remapped root cannot pass is
 * replaced by one of its own, as moby's `WithBundle` does; otherwise nothing is made before it is needed.
 * @throws PermissionDeniedError `ERR_STATE_DIR`
 */
export async function bundleDirOf(stateDir: string, containerId: string, spec: OciSpec): Promise<string> {
  const plain = join(stateDir, containerId);
  const { uid, gid } = hostRootOf(spec);
  if (uid === 0 && gid === 0) return plain;
  let path: string = sep;
  for (const component of plain.split(sep).filter((part) => part !== '')) {
    path = join(path, component);
    if (await isPassable(path)) continue;
    path = `${path}.${uid}.${gid}`;
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw stateDirError(path, cause);
    }
    await chown(path, uid, gid).catch((cause: unknown) => {
      throw stateDirError(path, cause);
    });
  }
  return path;
}

/**
 * Removes a container's folder, unless `LIBCONTAINERD_NOCLEAN=1` (moby's switch for debugging). The path may come from a
 * label that others wrote: one that is not named for the container is left alone.
 */
export async function removeBundleDir(dir: string, containerId: string): Promise<void> {
  if (process.env.LIBCONTAINERD_NOCLEAN === '1') return;
  const name = basename(dir);
  const isOurs = isAbsolute(dir) && (name === containerId || /^\.\d+\.\d+$/.test(name.slice(containerId.length)));
  if (isOurs && name.startsWith(containerId)) await rm(dir, { recursive: true, force: true });
}

async function isPassable(path: string): Promise<boolean> {
  try {
    const { mode } = await stat(path);
    return (mode & WORLD_EXECUTE) !== 0;
  } catch {
    return false;
  }
}

function stateDirError(path: string, cause: unknown): PermissionDeniedError {
  return new PermissionDeniedError(`make folder ${path} for stdio`, { code: 'ERR_STATE_DIR', cause, fields: { path } });
}
