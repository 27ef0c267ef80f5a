import { constants } from 'node:fs';
import { type FileHandle, open, readlink } from 'node:fs/promises';

/** Of Linux, and not among Node's constants: a handle that names a file and does not open it. */
const O_PATH = 0o10000000;
const FOLDER = O_PATH | constants.O_DIRECTORY;
const NAMED = O_PATH | constants.O_NOFOLLOW;

export type LayerEntry =
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'folder' }
  /** What is under this handle is no symbolic link and no folder. The caller closes it. */
  | { readonly kind: 'file'; readonly handle: FileHandle }
  /** Not in this layer; one below may have it. */
  | { readonly kind: 'absent' }
  /** Not in this layer, and what layers below have of this name is hidden: by a whiteout, or by a file in its way. */
  | { readonly kind: 'hidden' };

/**
 * Looks up a path in one layer. `names` has no `.` or `..`, and no symbolic link on the way is followed: each name is
 * opened under the handle of the folder before it, so nobody who changes the tree meanwhile leads out of it.
 */
export async function lookUp(layer: string, names: readonly string[]): Promise<LayerEntry> {
  let folder: FileHandle;
  try {
    folder = await open(layer, FOLDER);
  } catch (error) {
    if (isAbsence(error)) return { kind: 'absent' };
    throw error;
  }
  for (const [index, name] of names.entries()) {
    const path = `/proc/self/fd/${folder.fd}/${name}`;
    const isLast = index === names.length - 1;
    let next: FileHandle;
    try {
      next = await open(path, NAMED);
    } catch (error) {
      await folder.close();
      if (isAbsence(error)) return { kind: 'absent' };
      throw error;
    }
    const stat = await next.stat();
    if (stat.isSymbolicLink() && isLast) {
      await next.close();
      const target = await readlink(path).finally(() => folder.close());
      return { kind: 'symlink', target };
    }
    await folder.close();
    if (stat.isDirectory()) {
      folder = next;
      continue;
    }
    if (stat.isCharacterDevice() && stat.rdev === 0) {
      await next.close();
      return { kind: 'hidden' };
    }
    if (isLast) return { kind: 'file', handle: next };
    await next.close();
    return { kind: 'hidden' };
  }
  await folder.close();
  return { kind: 'folder' };
}

function isAbsence(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG';
}
