import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { InvalidArgumentError, toEngineError } from '../../errdefs/index.js';
import { type MountPoint, readMounts } from '../../platform/mount-info.js';
import type { SpecMount } from './spec-input.js';

const SHARED = new Set(['shared', 'rshared']);
const SLAVE = new Set(['slave', 'rslave']);

/**
 * How the container's root has to propagate so that its mounts can do as they are asked: a shared mount below a private
 * root would not be (moby `daemon/oci_linux.go` withMounts).
 * @returns `undefined` when no mount asks for anything: the runtime's default then
 * @throws InvalidArgumentError for a source that does not propagate itself
 */
export async function rootfsPropagationOf(
  mounts: readonly SpecMount[],
  hostMounts: () => Promise<readonly MountPoint[]> = readMounts,
): Promise<'shared' | 'rslave' | undefined> {
  const spreading = mounts.filter(({ propagation = '' }) => SHARED.has(propagation) || SLAVE.has(propagation));
  if (spreading.length === 0) return undefined;
  const table = await hostMounts();
  for (const { source, propagation = '' } of spreading) {
    const mount = await mountOf(source, table);
    const isShared = mount.propagation.some((tag) => tag.startsWith('shared:'));
    const isSlave = mount.propagation.some((tag) => tag.startsWith('master:'));
    if (SHARED.has(propagation) ? isShared : isShared || isSlave) continue;
    const wanted = SHARED.has(propagation) ? 'shared' : 'shared or slave';
    throw new InvalidArgumentError(`path ${source} is mounted on ${mount.path} but it is not a ${wanted} mount`, {
      fields: { path: source },
    });
  }
  return spreading.some(({ propagation = '' }) => SHARED.has(propagation)) ? 'shared' : 'rslave';
}

/** The mount that a path lies on: the deepest, and of several at one place the last, which is on top. */
async function mountOf(source: string, table: readonly MountPoint[]): Promise<MountPoint> {
  const path = await realpath(source).catch((err: unknown) => {
    throw toEngineError(err, `look at ${source}`);
  });
  let found: MountPoint | undefined;
  for (const mount of table) {
    const isAbove =
      path === mount.path || path.startsWith(mount.path.endsWith(sep) ? mount.path : `${mount.path}${sep}`);
    if (isAbove && mount.path.length >= (found?.path.length ?? 0)) found = mount;
  }
  if (found === undefined)
    throw new InvalidArgumentError(`Can't find mount point of ${source}`, { fields: { path: source } });
  return found;
}
