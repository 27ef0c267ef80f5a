import type { Stats } from 'node:fs';
import { lstat, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InternalError, ResourceExhaustedError, toEngineError } from '../errdefs/index.js';
import { runProgram } from '../platform/run-program.js';

export interface CopyUpOptions {
  readonly signal?: AbortSignal | undefined;
  /** @default 600000 */
  readonly timeoutMs?: number | undefined;
}

export interface CopyUp {
  /** A folder of the host; a link is not followed. */
  readonly from: string;
  /** The content of the volume. */
  readonly to: string;
  /** Where it is noted, beside the content, that a copy is under way. */
  readonly markerFolder: string;
}

const MARKER = 'copying';
const TIMEOUT_MS = 600_000;
const OUTPUT_MAX_BYTES = 1024 * 1024;

/**
 * Fills an empty volume with what a folder has: files, links, devices, owners, modes, times and extended attributes, and the
 * owner and the mode of the folder itself. A copy that was cut short is done again, over what it left, though the volume is
 * not empty any more. Nothing is ever taken out of the volume.
 *
 * @returns false when there is nothing to do: no folder, or a volume that has something in it
 * @throws ResourceExhaustedError when the disk is full; InternalError with what cp(1) says; DeadlineExceededError;
 * CanceledError; by errno
 */
export async function copyUp({ from, to, markerFolder }: CopyUp, options: CopyUpOptions = {}): Promise<boolean> {
  const { signal, timeoutMs = TIMEOUT_MS } = options;
  const marker = join(markerFolder, MARKER);
  try {
    if ((await look(from))?.isDirectory() !== true) return false;
    const wasCutShort = (await look(marker)) !== undefined;
    if (!wasCutShort && (await readdir(to)).length > 0) return false;
    await writeFile(marker, '', { mode: 0o600 });
  } catch (err) {
    throw toEngineError(err, `fill volume folder ${to}`);
  }
  // The dot: what is in the folder, and what it is itself, but not its name.
  const args = ['cp', '--archive', '--reflink=auto', '--', `${from}/.`, to];
  const { code, stderr } = await runProgram('env', ['LC_ALL=C', ...args], {
    signal,
    timeoutMs,
    maxOutputBytes: OUTPUT_MAX_BYTES,
  });
  if (code !== 0) throw failure(to, code, stderr.toString('utf8'));
  await rm(marker, { force: true });
  return true;
}

function failure(to: string, code: number | undefined, said: string): Error {
  const first = said.trim().split('\n')[0] ?? '';
  const message = `fill volume folder ${to}: ${first === '' ? `cp ended with ${code ?? 'a signal'}` : first}`;
  const isFull = /No space left on device|Disk quota exceeded/.test(said);
  return isFull ? new ResourceExhaustedError(message) : new InternalError(message);
}

/** `undefined` when there is nothing. Does not follow a link. */
async function look(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (err) {
    const errno = err instanceof Error && 'code' in err ? err.code : undefined;
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw err;
  }
}
