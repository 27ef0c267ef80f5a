import { readFile, realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import process from 'node:process';
import { FailedPreconditionError, isCanceled, isDeadlineExceeded, toEngineError } from '../errdefs/index.js';
import type { RpcCallOptions } from '../protocol/method.js';
import { runAction } from './spawn.js';

export interface MountPoint {
  readonly path: string;
  /** The part of the file system that is mounted; `/` when all of it is. */
  readonly root: string;
  readonly fsType: string;
  readonly source: string;
  /** Of the file system, such as the controllers of a cgroup hierarchy. */
  readonly options: string;
}

const UNMOUNT_TIMEOUT_MS = 10_000;
/** Bounds one run of umount(8); a longer list is done in several. */
const PATHS_PER_RUN = 256;

/** Reads the text of /proc/<pid>/mountinfo (proc_pid_mountinfo(5)); lines of another shape are passed over. */
export function parseMountInfo(text: string): MountPoint[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ', 2);
    const [, , , root, path] = before.split(' ');
    const [fsType, source, options] = after.split(' ');
    if (root === undefined || path === undefined || fsType === undefined || source === undefined) return [];
    return [
      {
        path: unescapeOctal(path),
        root: unescapeOctal(root),
        fsType,
        source: unescapeOctal(source),
        options: options ?? '',
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

/**
 * Unmounts all that is at and below a path. What is in use is detached from its place and goes when its last user does
 * (containerd's `UnmountRecursive` with MNT_DETACH). Starts no process when nothing is mounted.
 *
 * @param call `timeoutMs` @default 10000
 * @throws FailedPreconditionError `ERR_ROOTFS_BUSY` when something stays mounted; DeadlineExceededError; CanceledError
 */
export async function unmountBelow(path: string, call: RpcCallOptions = {}): Promise<void> {
  const endBy = performance.now() + (call.timeoutMs ?? UNMOUNT_TIMEOUT_MS);
  let said = '';
  for (const flags of [[], ['-l']]) {
    const mounts = await mountsBelow(path);
    for (let i = 0; i < mounts.length; i += PATHS_PER_RUN) {
      const paths = mounts.slice(i, i + PATHS_PER_RUN).map((mount) => mount.path);
      said = await umount([...flags, '--', ...paths], path, {
        signal: call.signal,
        timeoutMs: Math.max(1, endBy - performance.now()),
      });
    }
  }
  const [left] = await mountsBelow(path);
  if (left === undefined) return;
  throw new FailedPreconditionError(`unmount ${left.path}${said === '' ? '' : `: ${said}`}`, {
    code: 'ERR_ROOTFS_BUSY',
    fields: { path: left.path, source: left.source },
  });
}

/** Gives what it complained about: what counts is what is still mounted after it. */
async function umount(args: readonly string[], path: string, call: RpcCallOptions): Promise<string> {
  try {
    const { stderr } = await runAction('umount', args, { ...call, env: { ...process.env, LC_ALL: 'C' } });
    return stderr.toString('utf8').trim().split('\n')[0] ?? '';
  } catch (err) {
    if (isDeadlineExceeded(err) || isCanceled(err)) throw err;
    throw new FailedPreconditionError(`unmount below ${path}`, {
      code: 'ERR_ROOTFS_BUSY',
      cause: err,
      fields: { path },
    });
  }
}
