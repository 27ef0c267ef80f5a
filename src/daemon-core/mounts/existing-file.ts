import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RootfsView } from '../../oci/users/rootfs-view.js';

/**
 * Whether the rootfs has something at the path that is no folder, over which no volume can be mounted. A path with a link
 * in it is not looked at: the runtime, which knows where it leads inside the rootfs, refuses what cannot be.
 */
export async function hasFileAt(view: RootfsView, destination: string): Promise<boolean> {
  const names = destination.split('/').filter((name) => name !== '');
  for (const layer of view.layers) {
    const found = await kindOf(layer, names);
    if (found !== 'nothing') return found === 'file';
  }
  return false;
}

async function kindOf(layer: string, names: readonly string[]): Promise<'file' | 'other' | 'nothing'> {
  let path = layer;
  for (const [i, name] of names.entries()) {
    path = join(path, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats === undefined) return 'nothing';
    if (stats.isDirectory()) continue;
    // A whiteout is a device 0:0; a link may lead anywhere.
    if (stats.isSymbolicLink() || (stats.isCharacterDevice() && stats.rdev === 0)) return 'other';
    return i === names.length - 1 ? 'file' : 'other';
  }
  return 'other';
}
