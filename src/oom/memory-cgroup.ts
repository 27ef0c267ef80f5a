import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toEngineError } from '../errdefs/index.js';
import { parseCgroupPaths, pathBelow } from '../platform/cgroup1-folders.js';
import { parseMountInfo } from '../platform/mount-info.js';
import { readOomKills } from './read-oom-kills.js';

/** The cgroup in which the kernel counts OOM kills of a container. */
export interface MemoryCgroup {
  /** Of the hierarchy that has the memory controller; 1 on a hybrid host. */
  readonly version: 1 | 2;
  /** Absolute, as this process sees it. */
  readonly folder: string;
  /** Below the root of the hierarchy: the name that the kernel's log uses. */
  readonly path: string;
}

export interface MemoryCgroupOptions {
  /**
   * The container's id, or another part of its `cgroupsPath`. Paths without it are refused, so that a pid of another
   * machine or namespace is not taken for a process here; and the cgroup is the one so named, also when the process
   * has moved to one below it.
   */
  readonly named?: string | undefined;
  /** Another place of /proc, for tests. @default '/proc' */
  readonly proc?: string | undefined;
}

interface MemoryHierarchy {
  readonly version: 1 | 2;
  /** The cgroup that lies at the mount point. */
  readonly root: string;
  readonly mountPoint: string;
}

/** Read once: with a thousand containers the mount table is long, and hierarchies do not move. */
const hierarchies = new Map<string, Promise<readonly MemoryHierarchy[]>>();

/**
 * The memory cgroup that a process is in. `undefined` when it is not to be seen from here: the process is gone, or of
 * another pid namespace or machine; there is no memory controller; or the cgroup is the root or our own, whose counter
 * says nothing of one container.
 *
 * Ask while the process is known to live; later keep `folder` and use `memoryCgroupAt`.
 * @throws an EngineError of the class of the system's error, when /proc cannot be read
 */
export async function memoryCgroupOf(
  pid: number,
  options: MemoryCgroupOptions = {},
): Promise<MemoryCgroup | undefined> {
  const { named, proc = '/proc' } = options;
  if (process.platform !== 'linux' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const [theirs, ours] = await Promise.all([cgroupFile(proc, String(pid)), cgroupFile(proc, 'self')]);
  if (theirs === undefined) return undefined;
  for (const hierarchy of await memoryHierarchies(proc)) {
    const path = cutAfter(pathIn(theirs, hierarchy.version), named);
    if (path === undefined || path === '/' || path.startsWith('/..') || path.endsWith(' (deleted)')) continue;
    if (ours !== undefined && path === pathIn(ours, hierarchy.version)) continue;
    const cgroup = cgroupIn(hierarchy, path);
    if (cgroup !== undefined && readOomKills(cgroup) !== undefined) return cgroup;
  }
  return undefined;
}

/**
 * The memory cgroup of a folder noted before. It need not exist any more. `undefined` when the folder is in no hierarchy
 * with a memory controller.
 * @throws an EngineError of the class of the system's error, when the mount table cannot be read
 */
export async function memoryCgroupAt(folder: string, proc = '/proc'): Promise<MemoryCgroup | undefined> {
  if (process.platform !== 'linux') return undefined;
  for (const { version, root, mountPoint } of await memoryHierarchies(proc)) {
    if (!folder.startsWith(`${mountPoint}/`)) continue;
    return { version, folder, path: join(root, folder.slice(mountPoint.length)) };
  }
  return undefined;
}

function cgroupIn({ version, root, mountPoint }: MemoryHierarchy, path: string): MemoryCgroup | undefined {
  const below = pathBelow(root, path);
  return below === undefined ? undefined : { version, folder: join(mountPoint, below), path };
}

/** `undefined` when there is no such process, also when it ended between open and read (ESRCH). */
async function cgroupFile(proc: string, pid: string): Promise<string | undefined> {
  try {
    return await readFile(join(proc, pid, 'cgroup'), 'utf8');
  } catch (err) {
    const error = toEngineError(err, `read the cgroup of process ${pid}`);
    if (error.errorClass === 'not-found') return undefined;
    throw error;
  }
}

function pathIn(text: string, version: 1 | 2): string | undefined {
  if (version === 1) return parseCgroupPaths(text).get('memory');
  return /^0::(\/.*)$/m.exec(text)?.[1];
}

function cutAfter(path: string | undefined, name: string | undefined): string | undefined {
  if (path === undefined || name === undefined || name === '') return path;
  const parts = path.split('/');
  const last = parts.findLastIndex((part) => part.includes(name));
  return last === -1 ? undefined : parts.slice(0, last + 1).join('/');
}

/** Version 1 first: where it has the memory controller, version 2 has not. */
async function memoryHierarchies(proc: string): Promise<readonly MemoryHierarchy[]> {
  const known = await (hierarchies.get(proc) ?? loadHierarchies(proc));
  // None may mean: not mounted yet.
  return known.length > 0 ? known : loadHierarchies(proc);
}

function loadHierarchies(proc: string): Promise<readonly MemoryHierarchy[]> {
  const loading = readFile(join(proc, 'self/mountinfo'), 'utf8').then(parseHierarchies, (err: unknown) => {
    hierarchies.delete(proc);
    throw toEngineError(err, 'read the mount table');
  });
  hierarchies.set(proc, loading);
  return loading;
}

function parseHierarchies(text: string): MemoryHierarchy[] {
  const found = parseMountInfo(text).flatMap(({ fsType, root, path: mountPoint, options }): MemoryHierarchy[] => {
    if (fsType === 'cgroup2') return [{ version: 2, root, mountPoint }];
    const isMemory = fsType === 'cgroup' && options.split(',').includes('memory');
    return isMemory ? [{ version: 1, root, mountPoint }] : [];
  });
  return found.sort((a, b) => a.version - b.version);
}
