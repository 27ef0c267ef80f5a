import { execFile } from 'node:child_process';
import { lstat, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import { type EngineError, InternalError, PermissionDeniedError, toEngineError } from '../errdefs/index.js';
import { errnoName, type Libc, loadLibc } from './native.js';

const run = promisify(execFile);
const SPAWN_TIMEOUT_MS = 10_000;

/**
 * Makes a FIFO at each path. A FIFO that is there already is kept as it is, for a shim may hold it open. After a
 * failure those made by this call are gone again.
 *
 * One call of mkfifo(3) each where koffi can be loaded, else one run of mkfifo(1) for all.
 *
 * @param mode permission bits, reduced by the umask on the first way
 * @throws InternalError `ERR_FIFO`, also when something that is no FIFO has the name; PermissionDeniedError
 * `ERR_STATE_DIR` when the folder cannot be written; ResourceExhaustedError when the disk is full
 */
export async function makeFifos(paths: readonly string[], mode = 0o700): Promise<void> {
  for (const path of paths) {
    // C would end the name at the NUL, and make some other file.
    if (path === '' || path.includes('\0'))
      throw new InternalError('make fifo: name is empty or has a NUL', { code: 'ERR_FIFO' });
  }
  const libc = await loadLibc();
  const made: string[] = [];
  try {
    if (libc !== undefined) await makeByLibc(libc, paths, mode, made);
    else await makeBySpawn(paths, mode, made);
  } catch (err) {
    await Promise.all(made.map((path) => rm(path, { force: true }).catch(() => undefined)));
    throw err;
  }
}

async function makeByLibc(libc: Libc, paths: readonly string[], mode: number, made: string[]): Promise<void> {
  for (const path of paths) {
    const errno = libc.mkfifo(path, mode);
    if (errno === 0) {
      made.push(path);
    } else if (errno !== constants.errno.EEXIST || !(await isFifo(path))) {
      const code = errnoName(errno);
      throw fifoError(
        'make fifo',
        Object.assign(new Error(`${code}: mkfifo '${path}'`), { code, syscall: 'mkfifo' }),
        path,
      );
    }
  }
}

async function makeBySpawn(paths: readonly string[], mode: number, made: string[]): Promise<void> {
  const missing: string[] = [];
  for (const path of paths) {
    if (!(await isFifo(path))) missing.push(path);
  }
  if (missing.length === 0) return;
  try {
    await run('mkfifo', ['-m', mode.toString(8), '--', ...missing], {
      timeout: SPAWN_TIMEOUT_MS,
      env: { ...process.env, LC_ALL: 'C' },
    });
  } catch (err) {
    // Somebody else may have made a missing one since: then the end is reached all the same.
    let failed: string | undefined;
    for (const path of missing) {
      if (await isFifo(path)) made.push(path);
      else failed ??= path;
    }
    if (failed !== undefined) throw fifoError('make fifo', named(err), failed);
  }
}

/** mkfifo(1) tells its errno in words only. */
function named(err: unknown): unknown {
  const text = err instanceof Error && 'stderr' in err ? String(err.stderr) : '';
  const words: readonly (readonly [string, string])[] = [
    ['Permission denied', 'EACCES'],
    ['Operation not permitted', 'EPERM'],
    ['Read-only file system', 'EROFS'],
    ['No space left', 'ENOSPC'],
    ['File exists', 'EEXIST'],
    ['No such file', 'ENOENT'],
    ['Not a directory', 'ENOTDIR'],
  ];
  const code = words.find(([word]) => text.includes(word))?.[1];
  return code === undefined ? err : Object.assign(new Error(text.trim(), { cause: err }), { code, syscall: 'mkfifo' });
}

/** Whether a FIFO, and not a link to one, has this name. False when nothing has it. */
async function isFifo(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isFIFO();
  } catch (err) {
    if (errorCode(err) === 'ENOENT') return false;
    throw fifoError('make fifo', err, path);
  }
}

/** The EngineError for a failure at a FIFO: what to do about it differs for rights, for space and for all else. */
export function fifoError(message: string, cause: unknown, path: string): EngineError {
  const code = errorCode(cause);
  const fields = { path, ...(code === undefined ? {} : { errno: code }) };
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new PermissionDeniedError(message, { code: 'ERR_STATE_DIR', cause, fields });
  }
  const general = toEngineError(cause, message);
  if (general.errorClass === 'resource-exhausted') return general;
  return new InternalError(message, { code: 'ERR_FIFO', cause, fields });
}

function errorCode(err: unknown): string | undefined {
  return err instanceof Error && 'code' in err && typeof err.code === 'string' ? err.code : undefined;
}
