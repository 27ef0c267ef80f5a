import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toEngineError } from '../errdefs/index.js';

/** Absolute folders by controller: `memory`, `cpuacct`, `name=systemd`. What is not mounted here is left out. */
export type Cgroup1Folders = ReadonlyMap<string, string>;

interface HierarchyMount {
  readonly controllers: ReadonlySet<string>;
  /** The cgroup that lies at the mount point. */
  readonly root: string;
  readonly mountPoint: string;
}

/** Read once: with a thousand containers the mount table is long, and hierarchies do not move. */
const mountsByProc = new Map<string, Promise<readonly HierarchyMount[]>>();

/**
 * The folders of the cgroups (version 1) that a process is in. Empty on a host that has cgroup v2 alone. `undefined`
 * when there is no such process, or it has exited: the kernel then says `/` for each.
 *
 * @param proc another place of /proc, for tests
 * @throws an EngineError of the class of the system's error
 */
export async function cgroup1Folders(pid: number, proc = '/proc'): Promise<Cgroup1Folders | undefined> {
  const paths = await cgroupPaths(pid, proc);
  if (paths === undefined) return undefined;
  const known = mountsByProc.get(proc);
  const folders = resolve(paths, await (known ?? loadMounts(proc)));
  // A hierarchy may have been mounted since.
  const isComplete = [...paths.keys()].every((controller) => folders.has(controller) || controller.startsWith('name='));
  if (known === undefined || isComplete) return folders;
  return resolve(paths, await loadMounts(proc));
}

/**
 * The folders that a cgroup of this path has, or would have, in the hierarchies that are mounted whole.
 * @throws an EngineError of the class of the system's error
 */
export async function cgroup1FoldersAt(path: string, proc = '/proc'): Promise<Set<string>> {
  const mounts = await loadMounts(proc);
  return new Set(mounts.filter(({ root }) => root === '/').map(({ mountPoint }) => join(mountPoint, path)));
}

async function cgroupPaths(pid: number, proc: string): Promise<Map<string, string> | undefined> {
  let text: string;
  try {
    text = await readFile(join(proc, String(pid), 'cgroup'), 'utf8');
  } catch (err) {
    const error = toEngineError(err, `read the cgroups of process ${pid}`);
    // ESRCH when it ended between open and read.
    if (error.errorClass === 'not-found' || error.fields?.errno === 'ESRCH') return undefined;
    throw error;
  }
  const paths = parseCgroupPaths(text);
  if (paths.size > 0 && [...paths.values()].every((path) => path === '/')) return undefined;
  return paths;
}

function loadMounts(proc: string): Promise<readonly HierarchyMount[]> {
  const loading = readFile(join(proc, 'self/mountinfo'), 'utf8').then(parseMounts, (err: unknown) => {
    mountsByProc.delete(proc);
    throw toEngineError(err, 'read the mount table');
  });
  mountsByProc.set(proc, loading);
  return loading;
}

function resolve(paths: ReadonlyMap<string, string>, mounts: readonly HierarchyMount[]): Map<string, string> {
  const folders = new Map<string, string>();
  for (const [controller, path] of paths) {
    for (const { controllers, root, mountPoint } of mounts) {
      const below = controllers.has(controller) ? pathBelow(root, path) : undefined;
      if (below === undefined) continue;
      folders.set(controller, join(mountPoint, below));
      break;
    }
  }
  return folders;
}

/** Where a cgroup lies below a mount: inside a container the mount shows a part of the hierarchy only. */
export function pathBelow(root: string, path: string): string | undefined {
  if (root === '/' || root === path) return root === path ? '' : path;
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}

/** Lines `<number>:<controllers>:<path>`; the one of cgroup v2 names no controller. */
export function parseCgroupPaths(text: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]+):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const controller of controllers.split(',')) paths.set(controller, path);
  }
  return paths;
}

/** Fields of mountinfo: id, parent, device, root, mount point, options, optional fields, `-`, type, source, options. */
function parseMounts(text: string): HierarchyMount[] {
  const mounts: HierarchyMount[] = [];
  for (const line of text.split('\n')) {
    const [front, back] = line.split(' - ', 2);
    const [, , , root, mountPoint] = front?.split(' ') ?? [];
    const [type, , options] = back?.split(' ') ?? [];
    if (type !== 'cgroup' || root === undefined || mountPoint === undefined || options === undefined) continue;
    mounts.push({
      controllers: new Set(options.split(',')),
      root: unescapeOctal(root),
      mountPoint: unescapeOctal(mountPoint),
    });
  }
  return mounts;
}

/** The kernel writes blanks, line ends and backslashes as three octal digits. */
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
