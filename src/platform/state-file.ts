import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { DataLossError, toEngineError } from '../errdefs/index.js';

/**
 * Reads a file of an engine's own state; `undefined` when there is none. What has taken its place, a FIFO, a device or a
 * link, is neither followed nor waited for.
 *
 * @param maxBytes a longer file is not read
 * @throws DataLossError `ERR_STATE_CORRUPT` when it is no regular file or too long; by errno
 */
export async function readStateFile(path: string, maxBytes: number): Promise<Buffer | undefined> {
  try {
    // Without NONBLOCK the open of a FIFO would hold a thread for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw damagedState(path, 'it is no regular file');
      if (stats.size > maxBytes) throw damagedState(path, `it is longer than ${maxBytes} bytes`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (err) {
    const errno = err instanceof Error && 'code' in err ? err.code : undefined;
    if (errno === 'ENOENT') return undefined;
    if (errno === 'ELOOP') throw damagedState(path, 'it is a link', err);
    throw err instanceof DataLossError ? err : toEngineError(err, `read ${path}`);
  }
}

/** The JSON in it. @throws DataLossError `ERR_STATE_CORRUPT` */
export function parseStateJson(path: string, bytes: Uint8Array): unknown {
  try {
    // Fatal: a replacement character in a name would pass for the name.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damagedState(path, 'it is no JSON', cause);
  }
}

/** For whoever finds what is in the file to be wrong. */
export function damagedState(path: string, problem: string, cause?: unknown): DataLossError {
  return new DataLossError(`read ${path}: ${problem}`, { code: 'ERR_STATE_CORRUPT', cause, fields: { path } });
}
