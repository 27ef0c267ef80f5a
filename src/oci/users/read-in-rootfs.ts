import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { InvalidArgumentError, toEngineError } from '../../errdefs/index.js';
import { type LayerEntry, lookUp } from './layer-file.js';
import type { RootfsView } from './rootfs-view.js';

/** As many as the kernel follows (path_resolution(7)). */
const MAX_LINKS = 40;

/** Says which file it was: as long as this is the same, so is the text. */
export interface RootfsFile {
  readonly identity: string;
  /** Reads it, unless its text is known already. */
  read(): Promise<Buffer>;
}

/**
 * Opens a small file inside a rootfs and hands it to `use`; `undefined` when there is none. Symbolic links are followed
 * inside the rootfs only: an absolute one starts at its root, `..` stops there, and a loop ends.
 *
 * Layers are as overlayfs has them: the uppermost that has a name counts, whiteouts hide, folders are merged. Not seen
 * are opaque folders and redirects, which are extended attributes that Node cannot read: what such a folder hides is
 * found here.
 *
 * Nothing is waited for: a FIFO, a socket or a device is not opened.
 * @throws InvalidArgumentError when it is not a regular file, is larger than `limitBytes`, or its links loop
 */
export async function withRootfsFile<T>(
  view: RootfsView,
  path: string,
  limitBytes: number,
  use: (file: RootfsFile) => Promise<T>,
): Promise<T | undefined> {
  const named = await resolve(view, path);
  if (named === undefined) return undefined;
  let handle: FileHandle;
  try {
    const stat = await named.stat();
    if (!stat.isFile()) throw new InvalidArgumentError(`read ${path} of the rootfs: it is not a regular file`);
    if (stat.size > limitBytes) throw tooLarge(path, limitBytes);
    // O_NONBLOCK: some regular files of /proc would let a reader wait.
    handle = await open(`/proc/self/fd/${named.fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } finally {
    await named.close();
  }
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
    return await use({
      identity: `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`,
      read: () => readAll(handle, path, limitBytes),
    });
  } finally {
    await handle.close();
  }
}

async function resolve(view: RootfsView, path: string): Promise<FileHandle | undefined> {
  const found: string[] = [];
  const ahead = path.split('/').reverse();
  let links = 0;
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      found.pop();
      continue;
    }
    const entry = await lookUpInLayers(view, [...found, name], path);
    if (entry.kind === 'folder') found.push(name);
    else if (entry.kind === 'symlink') {
      if (++links > MAX_LINKS) throw new InvalidArgumentError(`read ${path} of the rootfs: its symbolic links loop`);
      if (entry.target.startsWith('/')) found.length = 0;
      ahead.push(...entry.target.split('/').reverse());
    } else if (entry.kind === 'file') {
      if (ahead.length === 0) return entry.handle;
      await entry.handle.close();
      return undefined;
    } else return undefined;
  }
  throw new InvalidArgumentError(`read ${path} of the rootfs: it is not a regular file`);
}

async function lookUpInLayers(view: RootfsView, names: readonly string[], path: string): Promise<LayerEntry> {
  for (const layer of view.layers) {
    const entry = await lookUp(layer, names).catch((error: unknown) => {
      throw toEngineError(error, `read ${path} of the rootfs`);
    });
    if (entry.kind !== 'absent') return entry;
  }
  return { kind: 'absent' };
}

/** By the bytes that come and not by the size: a file of /proc has none, and another may grow. */
async function readAll(handle: FileHandle, path: string, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(64 * 1024)).catch((error: unknown) => {
      throw toEngineError(error, `read ${path} of the rootfs`);
    });
    if (bytesRead === 0) return Buffer.concat(chunks);
    total += bytesRead;
    if (total > limitBytes) throw tooLarge(path, limitBytes);
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

function tooLarge(path: string, limitBytes: number): InvalidArgumentError {
  return new InvalidArgumentError(`read ${path} of the rootfs: it is larger than ${limitBytes} bytes`);
}
