import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { InvalidArgumentError, NotImplementedError, toEngineError } from '../errdefs/index.js';
import type { FileStdioOptions } from './types.js';

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
const MODE = 0o640;

/**
 * Makes the files that a shim is to write a process' output to, where they are missing. A shim appends to regular files
 * (containerd pkg/process/io.go), but what comes from a terminal it writes over them from their start (measured, 1.6.20).
 * Of one file for both streams the shim of containerd 1.6 lost what came on the second, in 3 of 54 runs (measured).
 * @throws NotImplementedError `ERR_CAPABILITY` with a terminal; InvalidArgumentError `ERR_OPTION_INVALID` when a path is not
 * absolute or no regular file, or both are the same; the classes of system errors otherwise
 */
export async function makeOutputFiles(what: string, { files }: FileStdioOptions, terminal: boolean): Promise<void> {
  if (terminal) {
    throw new NotImplementedError(`${what}: a shim cannot write the output of a terminal to a file`, {
      code: 'ERR_CAPABILITY',
    });
  }
  if (files.stderr === files.stdout) {
    throw new InvalidArgumentError(`${what}: stdout and stderr cannot go into one file`, {
      code: 'ERR_OPTION_INVALID',
      fields: { path: files.stdout },
    });
  }
  for (const path of [files.stdout, files.stderr]) if (path !== undefined) await makeFile(what, path);
}

async function makeFile(what: string, path: string): Promise<void> {
  const refuse = (why: string) =>
    new InvalidArgumentError(`${what}: output file ${JSON.stringify(path)} ${why}`, {
      code: 'ERR_OPTION_INVALID',
      fields: { path },
    });
  if (!isAbsolute(path)) throw refuse('has no absolute path');
  let file: Awaited<ReturnType<typeof open>>;
  try {
    // O_NONBLOCK: a FIFO of that name must not make us wait.
    file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, MODE);
  } catch (err) {
    if (err instanceof Error && 'code' in err && (err.code === 'EISDIR' || err.code === 'ENXIO')) {
      throw refuse('is no regular file');
    }
    throw toEngineError(err, `${what}: make output file ${path}`);
  }
  try {
    if (!(await file.stat()).isFile()) throw refuse('is no regular file');
  } finally {
    await file.close();
  }
}
