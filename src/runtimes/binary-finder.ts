import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { LRUCache } from 'lru-cache';

const MAX_BINARIES = 64;
/** So that one that was installed into an earlier folder of PATH is taken at last. */
const TTL_MS = 60_000;

/**
 * Finds programs in folders. What was found is kept and looked at again at each use, so that one that was removed is
 * noticed at once. What was not found is looked for anew each time.
 */
export class BinaryFinder {
  readonly folders: readonly string[];
  readonly #found = new LRUCache<string, string>({ max: MAX_BINARIES, ttl: TTL_MS });

  /** @param folders searched in this order; those that are not absolute, which would mean the working folder, are not */
  constructor(folders: readonly string[]) {
    this.folders = [...new Set(folders.filter((folder) => isAbsolute(folder)))];
  }

  /**
   * The absolute path of an executable file; `undefined` when there is none.
   * @param name a file name, or an absolute path
   */
  async find(name: string): Promise<string | undefined> {
    if (isAbsolute(name)) return (await isExecutable(name)) ? name : undefined;
    const known = this.#found.get(name);
    if (known !== undefined && (await isExecutable(known))) return known;
    this.#found.delete(name);
    for (const folder of this.folders) {
      const path = join(folder, name);
      if (!(await isExecutable(path))) continue;
      this.#found.set(name, path);
      return path;
    }
    return undefined;
  }
}

/** The folders of a PATH variable. */
export function pathFolders(path: string): string[] {
  return path.split(delimiter);
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false;
    await access(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or in a folder that may not be searched: no program for us either way.
    return false;
  }
}
