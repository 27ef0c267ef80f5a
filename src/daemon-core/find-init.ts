import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

/** Programs that reap and forward signals, as Docker's packages and Debian's call them. */
const NAMES = ['docker-init', 'tini-static', 'tini', 'catatonit'] as const;

/** The init program for containers that ask for one; the first on PATH. It has to be linked statically. */
export async function findInit(path: string = process.env.PATH ?? ''): Promise<string | undefined> {
  const folders = [...path.split(':').filter((folder) => folder.startsWith('/')), '/usr/libexec/docker'];
  for (const name of NAMES) {
    for (const folder of folders) {
      const file = join(folder, name);
      try {
        await access(file, constants.X_OK);
        return file;
      } catch {
        // Not here.
      }
    }
  }
  return undefined;
}
