import process from 'node:process';
import { FailedPreconditionError, isCanceled, isDeadlineExceeded } from '../errdefs/index.js';
import { mountsBelow } from '../platform/mount-info.js';
import type { RpcCallOptions } from '../protocol/method.js';
import { runAction } from './spawn.js';

const UNMOUNT_TIMEOUT_MS = 10_000;
/** Bounds one run of umount(8); a longer list is done in several. */
const PATHS_PER_RUN = 256;

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
