import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { ConflictError, InvalidArgumentError, toEngineError } from '../../errdefs/index.js';
import { socketAddress } from './address.js';

const SOCKET_PATH_MAX_BYTES = 107;
/** A listener of ours or of Go accepts in the kernel: whoever does not within this is no listener. */
const PROBE_TIMEOUT_MS = 1000;

/** Which file a socket was bound to, so that only that one is removed. */
export interface BoundSocket {
  readonly path: string;
  readonly inode: bigint;
}

/**
 * Makes `server` listen on `path` with mode 0600. The socket is born in a folder of its own that only we can enter, and
 * moves to its place when its mode is right: at no time can others connect, and a umask, which belongs to the whole
 * process, stays alone. A socket file that nobody listens on is replaced.
 * @throws ConflictError `ERR_ADDRESS_IN_USE`; InvalidArgumentError `ERR_ADDRESS_INVALID`; the class of the system's error
 */
export async function bindSocket(server: Server, path: string): Promise<BoundSocket> {
  const what = `listen on ${path}`;
  if (!path.startsWith('/')) throw invalid(path, 'must be absolute');
  socketAddress(path);
  await refuseLivingOrForeign(path, what);
  let folder: string | undefined;
  try {
    // Not `join`, which would take the dot for the folder itself.
    folder = mkdtempSync(`${dirname(path)}/.`);
    const born = join(folder, 's');
    if (Buffer.byteLength(born) > SOCKET_PATH_MAX_BYTES)
      throw invalid(path, 'leaves no room for the name it is born with');
    await listen(server, born);
    chmodSync(born, 0o600);
    const { ino } = lstatSync(born, { bigint: true });
    renameSync(born, path);
    return { path, inode: ino };
  } catch (err) {
    server.close();
    throw err instanceof InvalidArgumentError ? err : toEngineError(err, what);
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Removes the socket file when it is still the one that was bound. @throws EngineError of the system's error */
export function unbindSocket({ path, inode }: BoundSocket): void {
  try {
    if (lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino === inode) rmSync(path, { force: true });
  } catch (err) {
    throw toEngineError(err, `remove socket ${path}`);
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // exclusive: in a worker of a cluster the socket would otherwise belong to the primary process.
    server.listen({ path, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function refuseLivingOrForeign(path: string, what: string): Promise<void> {
  let isSocket: boolean | undefined;
  try {
    isSocket = lstatSync(path, { throwIfNoEntry: false })?.isSocket();
  } catch (err) {
    throw toEngineError(err, what);
  }
  if (isSocket === undefined) return;
  if (!isSocket) throw new ConflictError(`${what}: something that is no socket has that name`, inUse(path));
  if (!(await isDead(path))) throw new ConflictError(`${what}: somebody listens there`, inUse(path));
}

/** True only when the kernel says that nobody listens; a doubt leaves the file alone. */
function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (isDead: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isDead);
    };
    const timer = setTimeout(() => settle(false), PROBE_TIMEOUT_MS);
    socket.once('connect', () => settle(false));
    socket.on('error', (err) => settle('code' in err && (err.code === 'ECONNREFUSED' || err.code === 'ENOENT')));
  });
}

function inUse(path: string) {
  return { code: 'ERR_ADDRESS_IN_USE', fields: { path } } as const;
}

function invalid(path: string, why: string): InvalidArgumentError {
  return new InvalidArgumentError(`listen on ${JSON.stringify(path)}: it ${why}`, {
    code: 'ERR_ADDRESS_INVALID',
    fields: { path },
  });
}
