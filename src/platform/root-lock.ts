import { join } from 'node:path';
import process from 'node:process';
import { ConflictError } from '../errdefs/index.js';
import { acquireFolderLock, type Lock } from './folder-lock.js';

/**
 * Takes the root folder of an engine for this process: a second client on the same root, in this process or another,
 * would drive the same shims. The lock lies at `<root>/lock` and dies with the process.
 *
 * @throws ConflictError `ERR_ROOT_BUSY`; PermissionDeniedError and others by the errno when the root cannot be written
 */
export function acquireRootLock(root: string): Promise<Lock> {
  return acquireFolderLock(join(root, 'lock'), (pid) => {
    const user = pid === process.pid ? `another client of this process (${pid})` : `process ${pid}`;
    return new ConflictError(`own ${root}: ${user} uses it; give this one another root, or stop the other first`, {
      code: 'ERR_ROOT_BUSY',
      fields: { path: root, pid },
    });
  });
}
