import { lstat } from 'node:fs/promises';
import process from 'node:process';
import { PermissionDeniedError, toEngineError } from '../errdefs/index.js';
import { makeFolder } from '../platform/make-folder.js';

const FOLDER_MODE = 0o700;
const OTHERS = 0o077;

/**
 * Makes a folder with mode 0700, and checks that one that is there lets nobody else in.
 * @throws PermissionDeniedError `ERR_STATE_DIR`; by errno
 */
export async function claimFolder(path: string): Promise<void> {
  try {
    makeFolder(path, FOLDER_MODE);
    const { mode, uid } = await lstat(path);
    if ((mode & OTHERS) === 0 && uid === process.geteuid?.()) return;
  } catch (err) {
    throw toEngineError(err, `make folder ${path}`);
  }
  throw new PermissionDeniedError(`use ${path}: it is another user's, or open to others`, {
    code: 'ERR_STATE_DIR',
    fields: { path },
  });
}
