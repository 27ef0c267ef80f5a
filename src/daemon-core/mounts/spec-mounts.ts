import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { InvalidArgumentError, isNotFound, toEngineError } from '../../errdefs/index.js';
import type { SpecMount } from '../../oci/build/spec-input.js';
import { makeFolder } from '../../platform/make-folder.js';
import type { ContainerRecord, MountPoint } from '../state/record.js';
import { invalidMount } from './parse-mount-request.js';

const CREATED_MODE = 0o755;

/**
 * The mounts of a container for its spec, with their sources made ready: done at every start. A missing source of `-v`
 * becomes a folder, as with dockerd (moby `volume/mounts/mounts.go`, `Setup`). tmpfs mounts are the spec builder's.
 *
 * @throws InvalidArgumentError in dockerd's words when a source is missing that is not to be made, or a subpath leads out
 * of its volume; by errno when it cannot be made
 */
export async function specMountsOf(record: Pick<ContainerRecord, 'mounts'>): Promise<SpecMount[]> {
  const mounts = record.mounts.filter(({ type }) => type !== 'tmpfs');
  return Promise.all(
    mounts.map(async (mount) => ({
      source: await sourceOf(mount),
      destination: mount.destination,
      readOnly: mount.readOnly,
      mode: mount.mode,
      ...(mount.propagation === '' ? {} : { propagation: mount.propagation }),
      ...(mount.nonRecursive === undefined ? {} : { nonRecursive: mount.nonRecursive }),
      ...(mount.readOnlyNonRecursive === undefined ? {} : { readOnlyNonRecursive: mount.readOnlyNonRecursive }),
      ...(mount.readOnlyForceRecursive === undefined ? {} : { readOnlyForceRecursive: mount.readOnlyForceRecursive }),
    })),
  );
}

async function sourceOf(mount: MountPoint): Promise<string> {
  const { source = '', subpath } = mount;
  if (!(await exists(source))) {
    if (mount.createSource !== true) throw invalidMount(mount.type, `bind source path does not exist: ${source}`);
    createSource(source);
  }
  return subpath === undefined ? source : insideOf(source, subpath);
}

function createSource(source: string): void {
  try {
    makeFolder(source, CREATED_MODE);
  } catch (err) {
    throw toEngineError(err, `error while creating mount source path '${source}'`);
  }
}

/** Follows links, and none of them out of the volume. Who can write to the volume can still change them after this. */
async function insideOf(volume: string, subpath: string): Promise<string> {
  try {
    const [base, path] = await Promise.all([realpath(volume), realpath(join(volume, subpath))]);
    if (path === base || path.startsWith(`${base}${sep}`)) return path;
  } catch (err) {
    const error = toEngineError(err, `look at ${join(volume, subpath)}`);
    if (!isNotFound(error)) throw error;
    throw new InvalidArgumentError(`cannot access path ${join(volume, subpath)}: no such file or directory`, {
      cause: err,
    });
  }
  throw new InvalidArgumentError(`subpath ${JSON.stringify(subpath)} leads out of the volume ${volume}`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (err) {
    const errno = err instanceof Error && 'code' in err ? err.code : undefined;
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return false;
    throw toEngineError(err, `look at ${path}`);
  }
}
