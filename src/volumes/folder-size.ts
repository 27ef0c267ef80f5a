import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The bytes of all regular files in a folder and below; a file with several names counts once. Links are not followed.
 * What vanishes while it is looked at counts as nothing.
 */
export async function folderSize(folder: string): Promise<number> {
  const seen = new Set<string>();
  const open = [folder];
  let bytes = 0;
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    try {
      for await (const entry of await opendir(path)) {
        const each = join(path, entry.name);
        if (entry.isDirectory()) open.push(each);
        else if (entry.isFile()) bytes += await newBytes(each, seen);
      }
    } catch (err) {
      if (!isGone(err)) throw err;
    }
  }
  return bytes;
}

async function newBytes(path: string, seen: Set<string>): Promise<number> {
  try {
    const { size, nlink, dev, ino } = await lstat(path);
    if (nlink > 1) {
      const key = `${dev}:${ino}`;
      if (seen.has(key)) return 0;
      seen.add(key);
    }
    return size;
  } catch (err) {
    if (isGone(err)) return 0;
    throw err;
  }
}

function isGone(err: unknown): boolean {
  return err instanceof Error && 'code' in err && err.code === 'ENOENT';
}
