import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InternalError } from '../../errdefs/index.js';

const FILE = 'fake-checkpoint.json';

/** The checkpoint of the fake: enough to know one from any other folder. */
export async function writeCheckpoint(dir: string, args: readonly string[]): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, FILE), `${JSON.stringify({ args })}\n`);
  } catch (cause) {
    throw new InternalError(`write checkpoint into ${dir}`, { code: 'ERR_CHECKPOINT_FAILED', cause });
  }
}

/** @throws InternalError `ERR_CHECKPOINT_FAILED` when the folder holds no checkpoint of the fake */
export async function assertCheckpoint(dir: string): Promise<void> {
  try {
    await readFile(join(dir, FILE));
  } catch (cause) {
    throw new InternalError(`restore checkpoint of ${dir}`, { code: 'ERR_CHECKPOINT_FAILED', cause });
  }
}
