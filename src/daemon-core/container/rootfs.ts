import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RootfsMount } from '../../libcontainerd/types.js';
import type { RootfsView } from '../../oci/users/rootfs-view.js';
import type { ContainerRecord } from '../state/record.js';

/** What a task is given as its root file system. */
export interface PreparedRootfs {
  /** As it goes into the spec: of the bundle when the shim mounts it there. */
  readonly path: string;
  /** For the shim, which makes them and takes them away. */
  readonly mounts: readonly RootfsMount[];
  /** What is in it, seen from the host, mounted or not. */
  readonly view: RootfsView;
}

const OVERLAY_FOLDER = 'overlay';

/** Folders of a container's own writable layer. */
export function overlayFolders(folder: string): { upper: string; work: string } {
  return { upper: join(folder, OVERLAY_FOLDER, 'upper'), work: join(folder, OVERLAY_FOLDER, 'work') };
}

/**
 * Makes ready what the record names. Nothing is mounted here: Node has no mount call, and the shim's mount goes with it.
 * @param folder the container's own, on a disk that can hold an overlay's upper layer
 */
export async function prepareRootfs(record: ContainerRecord, folder: string): Promise<PreparedRootfs> {
  const { rootfs } = record;
  if (rootfs.kind === 'folder') return { path: rootfs.path, mounts: [], view: { layers: [rootfs.path] } };
  const { upper, work } = overlayFolders(folder);
  await Promise.all([mkdir(upper, { recursive: true, mode: 0o755 }), mkdir(work, { recursive: true, mode: 0o700 })]);
  const options = [`lowerdir=${rootfs.layers.map(escapeLayer).join(':')}`, `upperdir=${upper}`, `workdir=${work}`];
  return {
    path: 'rootfs',
    mounts: [{ type: 'overlay', source: 'overlay', options }],
    view: { layers: [upper, ...rootfs.layers] },
  };
}

/** A colon parts layers, a comma options; the kernel takes a backslash before either. */
function escapeLayer(path: string): string {
  return path.replace(/[\\:,]/g, '\\$&');
}

/** What is in a container's root file system, without making anything. */
export function viewOf(record: ContainerRecord, folder: string): RootfsView {
  const { rootfs } = record;
  if (rootfs.kind === 'folder') return { layers: [rootfs.path] };
  return { layers: [overlayFolders(folder).upper, ...rootfs.layers] };
}
