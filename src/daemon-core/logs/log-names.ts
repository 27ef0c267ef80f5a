import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The name of a log file that was rotated `age` times; the newest is 0. */
export function rotatedName(path: string, age: number, compressed = false): string {
  return age === 0 ? path : `${path}.${age}${compressed ? '.gz' : ''}`;
}

/** A compressed file that is not whole yet. */
export function unfinishedName(path: string): string {
  return `${path}.gz.tmp`;
}

/** A copy of the newest file that is not whole yet. */
export function copyName(path: string): string {
  return `${path}.copy.tmp`;
}

/** Removes a log: its newest file and all rotated ones, of any number. Missing ones are no failure. */
export async function removeLog(path: string): Promise<void> {
  const folder = dirname(path);
  const name = basename(path);
  for (const each of await listFolder(folder)) {
    if (
      each !== name &&
      !(each.startsWith(`${name}.`) && /^(\d+(\.gz)?|(gz|copy)\.tmp)$/.test(each.slice(name.length + 1)))
    ) {
      continue;
    }
    await rm(join(folder, each), { force: true });
  }
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (err) {
    if (isMissing(err)) return [];
    throw err;
  }
}

/** ENOENT: there is no such file. */
export function isMissing(err: unknown): boolean {
  return err instanceof Error && 'code' in err && err.code === 'ENOENT';
}
