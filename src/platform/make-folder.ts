import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it; one that is there already is kept as it is. Not `mkdir` with `recursive`: Node
 * goes round for ever where the kernel says ENOENT below an existing folder, as /proc does.
 *
 * Throws the system's error.
 */
export function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (err) {
    const code = err instanceof Error && 'code' in err ? err.code : undefined;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path || statSync(parent, { throwIfNoEntry: false }) !== undefined) throw err;
    makeFolder(parent, mode);
    makeFolder(path, mode);
  }
}
