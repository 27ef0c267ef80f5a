import { readdir } from 'node:fs/promises';

const FD_FOLDER = '/proc/self/fd';

/** Open file descriptors of this process. Rejects where there is no `/proc`, or none is left for the reading. */
export async function countOpenFds(): Promise<number> {
  // One of them is that of the reading.
  return (await readdir(FD_FOLDER)).length - 1;
}
