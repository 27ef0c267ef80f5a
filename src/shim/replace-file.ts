import { randomBytes } from 'node:crypto';
import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { toEngineError } from '../errdefs/index.js';

/**
 * Writes a file in one step: whoever reads it sees the old text or the new. Nothing is flushed to the disk; the state
 * folder does not outlive the machine's run.
 *
 * @param mode exact, whatever the umask
 * @throws by errno
 */
export async function replaceFile(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(temporary, data, { mode: 0o600, flag: 'wx' });
    await chmod(temporary, mode);
    await rename(temporary, path);
  } catch (err) {
    await rm(temporary, { force: true }).catch(() => {});
    throw toEngineError(err, `write ${path}`);
  }
}
