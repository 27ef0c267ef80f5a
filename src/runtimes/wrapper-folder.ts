import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isNotFound, toEngineError } from '../errdefs/index.js';
import { makeFolder } from '../platform/make-folder.js';
import { replaceFile } from '../shim/replace-file.js';
import type { WrapperScript } from './wrapper-script.js';

const MODE = 0o700;

/**
 * Puts scripts into their folder, which is made when it is not there. One that is there already is left alone, unless
 * something else is in it than its name says.
 * @throws by errno
 */
export async function writeWrappers(folder: string, scripts: readonly WrapperScript[]): Promise<void> {
  if (scripts.length === 0) return;
  try {
    makeFolder(folder, MODE);
  } catch (err) {
    throw toEngineError(err, `make folder ${folder} for scripts of runtimes`);
  }
  for (const { path, text } of scripts) {
    if ((await textOf(path)) !== text) await replaceFile(path, text, MODE);
  }
}

/**
 * Removes what is not kept. For the start of an engine: at any other time a script that is not configured any more may be
 * that of a running container.
 * @param keep paths of scripts
 * @returns the paths of what was removed
 * @throws by errno
 */
export async function sweepWrappers(folder: string, keep: ReadonlySet<string>): Promise<string[]> {
  try {
    const unused = (await readdir(folder)).map((name) => join(folder, name)).filter((path) => !keep.has(path));
    await Promise.all(unused.map((path) => rm(path, { recursive: true, force: true })));
    return unused;
  } catch (err) {
    const error = toEngineError(err, `sweep folder ${folder} of runtime scripts`);
    if (isNotFound(error)) return [];
    throw error;
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (err) {
    const error = toEngineError(err, `read ${path}`);
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
