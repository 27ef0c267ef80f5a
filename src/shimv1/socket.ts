import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AlreadyExistsError, InvalidArgumentError, isUnavailable, toEngineError } from '../errdefs/index.js';
import { makeFolder } from '../platform/make-folder.js';
import type { RpcCallOptions } from '../protocol/method.js';
import { TtrpcClient } from '../protocol/ttrpc/index.js';
import type { ShimParams } from '../shim/shim.js';

/** The shim refuses more: it counts the NUL that ends a path. */
const PATH_MAX_BYTES = 106;
const FOLDER_MODE = 0o700;
/** 128 bits; the rest of the path may be long. */
const NAME_LENGTH = 32;

/**
 * Where the shim of a container listens: a name made of what names the container, in a folder beside the event socket.
 * @throws InvalidArgumentError `ERR_ADDRESS_INVALID` when that folder's path is too long for a socket
 */
export function socketPath(params: Pick<ShimParams, 'address' | 'namespace' | 'id' | 'eventSocket'>): string {
  const container = join(params.address, params.namespace, params.id);
  const name = createHash('sha256').update(container).digest('hex').slice(0, NAME_LENGTH);
  const path = join(dirname(params.eventSocket), 's', name);
  if (Buffer.byteLength(path) <= PATH_MAX_BYTES) return path;
  throw new InvalidArgumentError(`name socket of shim: its path is longer than ${PATH_MAX_BYTES} bytes`, {
    code: 'ERR_ADDRESS_INVALID',
    fields: { path },
  });
}

/**
 * Makes the folder, and removes a socket that a killed shim left: the shim would not listen on a path that exists.
 * @throws AlreadyExistsError when a shim still listens there
 */
export async function clearSocket(path: string, call: RpcCallOptions): Promise<void> {
  try {
    makeFolder(dirname(path), FOLDER_MODE);
  } catch (err) {
    throw toEngineError(err, 'make folder of sockets');
  }
  try {
    const client = await TtrpcClient.connect(`unix://${path}`, {}, call);
    client.close();
  } catch (err) {
    if (!isUnavailable(err)) throw err;
    return removeSocket(path);
  }
  throw new AlreadyExistsError('start shim: another shim of this container listens', { fields: { path } });
}

/** Idempotent. */
export async function removeSocket(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (err) {
    throw toEngineError(err, 'remove socket of shim');
  }
}
