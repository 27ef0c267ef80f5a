import { readFile, realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { toEngineError } from '../errdefs/index.js';

export interface MountPoint {
  readonly path: string;
  /** The part of the file system that is mounted; `/` when all of it is. */
  readonly root: string;
  readonly fsType: string;
  readonly source: string;
  /** Of the file system, such as the controllers of a cgroup hierarchy. */
  readonly options: string;
  /** How mounts spread from here: `shared:2`, `master:1`... Empty for a private mount. */
  readonly propagation: readonly string[];
}

/** Reads the text of /proc/<pid>/mountinfo (proc_pid_mountinfo(5)); lines of another shape are passed over. */
export function parseMountInfo(text: string): MountPoint[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ', 2);
    const [, , , root, path, , ...propagation] = before.split(' ');
    const [fsType, source, options] = after.split(' ');
    if (root === undefined || path === undefined || fsType === undefined || source === undefined) return [];
    return [
      {
        path: unescapeOctal(path),
        root: unescapeOctal(root),
        fsType,
        source: unescapeOctal(source),
        options: options ?? '',
        propagation,
      },
    ];
  });
}

/** The kernel writes blanks, line ends and backslashes as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** All mounts of this process' mount namespace, the oldest first. @throws by errno */
export async function readMounts(): Promise<MountPoint[]> {
  try {
    return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
  } catch (err) {
    throw toEngineError(err, 'read mounts');
  }
}

/**
 * The mounts at and below a path, in the order to unmount them: the deepest first, the topmost of several at one place
 * first. None when the path does not exist. @throws by errno
 */
export async function mountsBelow(path: string): Promise<MountPoint[]> {
  let base: string;
  try {
    // The kernel lists places without links.
    base = await realpath(path);
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return [];
    throw toEngineError(err, `look for mounts below ${path}`);
  }
  const prefix = base.endsWith(sep) ? base : `${base}${sep}`;
  return (await readMounts())
    .filter((mount) => mount.path === base || mount.path.startsWith(prefix))
    .reverse()
    .sort((a, b) => depth(b.path) - depth(a.path));
}

function depth(path: string): number {
  return path.split(sep).length;
}
