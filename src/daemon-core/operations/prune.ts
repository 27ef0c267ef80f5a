import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallOptions } from '../../libcontainerd/types.js';
import { overlayFolders } from '../container/rootfs.js';
import type { EngineContext } from '../engine-context.js';
import type { Filters } from '../filters.js';
import { pruneFilter } from '../list-filter.js';
import { removeContainer } from './remove.js';

export interface PruneReport {
  readonly ContainersDeleted: readonly string[];
  /** Bytes of the removed containers' own layers. */
  readonly SpaceReclaimed: number;
}

/** Removes all containers that do not run and that the filters (`until`, `label`) let through. */
export async function pruneContainers(
  engine: EngineContext,
  filters: Filters,
  call: CallOptions = {},
): Promise<PruneReport> {
  const matches = pruneFilter(filters);
  const deleted: string[] = [];
  let bytes = 0;
  for (const c of engine.containers.all()) {
    if (call.signal?.aborted) break;
    const { status } = c.state;
    if (status !== 'created' && status !== 'exited' && status !== 'dead') continue;
    if (c.uncertain !== undefined || !matches(c.record)) continue;
    try {
      const size = await sizeOf(overlayFolders(engine.store.folder(c.id)).upper);
      await removeContainer(engine, c, {}, call);
      deleted.push(c.id);
      bytes += size;
    } catch (err) {
      engine.log.warn({ err, containerId: c.id }, 'prune a container');
    }
  }
  engine.events.publish('container', 'prune', '', { reclaimed: String(bytes) });
  return { ContainersDeleted: deleted, SpaceReclaimed: bytes };
}

/** Of the regular files in a folder and below; 0 when it is not there. */
export async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await sizeOf(path);
    else if (entry.isFile())
      bytes += await stat(path).then(
        ({ size }) => size,
        () => 0,
      );
  }
  return bytes;
}
