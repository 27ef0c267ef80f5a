import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isNotFound, toEngineError } from '../errdefs/index.js';
import { replaceFile } from '../shim/replace-file.js';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The name of the engine of a root, for good: it is on every container that it makes. A damaged one is made anew, and what
 * carries the old one is left alone.
 * @throws by errno
 */
export async function engineIdOf(root: string): Promise<string> {
  const path = join(root, 'engine-id');
  try {
    const text = (await readFile(path, 'utf8')).trim();
    if (UUID.test(text)) return text;
  } catch (err) {
    const error = toEngineError(err, `read ${path}`);
    if (!isNotFound(error)) throw error;
  }
  const id = randomUUID();
  await replaceFile(path, `${id}\n`, 0o644);
  return id;
}
