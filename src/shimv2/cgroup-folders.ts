import { readdir, rmdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { OciSpec } from '../oci/runtime-spec.js';
import { readMounts } from '../platform/mount-info.js';
import { allCgroupRoots } from '../shim/shim-cgroup.js';

/**
 * Removes the empty cgroup of a container: the OCI runtime leaves it when it was killed before it had noted what it
 * made. One in use stays, since the kernel does not let it go; a scope of systemd's, and a path that depends on where
 * the runtime ran, are left to them.
 * @throws by errno when the mount table cannot be read
 */
export async function removeCgroups(spec: OciSpec | undefined): Promise<void> {
  const given = spec?.linux?.cgroupsPath ?? '';
  const path = posix.normalize(given);
  if (!given.startsWith('/') || path === '/') return;
  for (const root of allCgroupRoots(await readMounts())) await removeTree(join(root, path));
}

async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  // ENOENT, or EBUSY when something runs there.
  await rmdir(folder).catch(() => undefined);
}
