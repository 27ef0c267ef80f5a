import { randomBytes } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AlreadyExistsError, FailedPreconditionError, toEngineError } from '../errdefs/index.js';
import { mountsBelow } from './mount-info.js';

/** Readers skip hidden names. */
const NEW = '.new-';
const REMOVED = '.removed-';
const RANDOM_BYTES = 6;
const FOLDER_MODE = 0o700;

/**
 * The folders in one folder, each of which is there as a whole or not at all, whenever this process is killed. One that is
 * being made or removed has a hidden name. One process uses the folder at a time.
 *
 * Links in what is removed are removed and not followed, and nothing is removed in which something is mounted: that would
 * delete what is behind the mount.
 */
export class WholeFolders {
  readonly #folder: string;

  /** @param folder must exist */
  constructor(folder: string) {
    this.#folder = folder;
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /**
   * Makes one with mode 0700.
   * @param fill puts everything into it that it must have from the first moment on
   * @throws AlreadyExistsError; what `fill` throws; by errno
   */
  async create(name: string, fill: (path: string) => Promise<void>): Promise<void> {
    const building = this.#hidden(NEW, name);
    try {
      await mkdir(building, { mode: FOLDER_MODE });
      await fill(building);
      // Succeeds over an empty folder, which is nothing of ours; fails over one that has something in it.
      await rename(building, this.path(name));
    } catch (err) {
      // What cannot be removed now is removed by the next sweep; the first error is the one to tell.
      await rm(building, { recursive: true, force: true }).catch(() => {});
      const errno = errnoOf(err);
      if (errno === 'ENOTEMPTY' || errno === 'EEXIST' || errno === 'ENOTDIR') {
        const path = this.path(name);
        throw new AlreadyExistsError(`make ${path}: it is there already`, { cause: err, fields: { path } });
      }
      throw toEngineError(err, `make ${this.path(name)}`);
    }
  }

  /**
   * Removes one with all that is in it. That it is gone is no error, and a removal that failed half way is finished.
   * @throws FailedPreconditionError `ERR_ROOTFS_BUSY` when something is mounted in it, and then it is as it was; by errno
   */
  async remove(name: string): Promise<void> {
    const path = this.path(name);
    await assertNothingMounted(path);
    const hidden = this.#hidden(REMOVED, name);
    try {
      await rename(path, hidden);
    } catch (err) {
      if (errnoOf(err) !== 'ENOENT') throw toEngineError(err, `remove ${path}`);
      await this.#finishRemovals(name);
      return;
    }
    await removeHidden(hidden);
  }

  async #finishRemovals(name: string): Promise<void> {
    const prefix = `${REMOVED}${name}-`;
    for (const { name: each } of await this.#entries()) {
      const isOfName = each.startsWith(prefix) && each.length === prefix.length + RANDOM_BYTES * 2;
      if (isOfName) await removeHidden(join(this.#folder, each));
    }
  }

  /** The names of all, in no order. @throws by errno */
  async list(): Promise<string[]> {
    const entries = await this.#entries();
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => entry.name);
  }

  /**
   * Finishes what a killed process left half done. Gives what could not be removed, with its reason.
   * @throws by errno when the folder cannot be read
   */
  async sweep(): Promise<{ path: string; error: Error }[]> {
    const left: { path: string; error: Error }[] = [];
    for (const { name } of await this.#entries()) {
      if (!name.startsWith(NEW) && !name.startsWith(REMOVED)) continue;
      const path = join(this.#folder, name);
      try {
        await removeHidden(path);
      } catch (err) {
        left.push({ path, error: toEngineError(err) });
      }
    }
    return left;
  }

  async #entries(): Promise<Dirent[]> {
    try {
      return await readdir(this.#folder, { withFileTypes: true });
    } catch (err) {
      throw toEngineError(err, `list ${this.#folder}`);
    }
  }

  /** Unique: the remnant of an earlier removal may have the name still. */
  #hidden(prefix: string, name: string): string {
    return join(this.#folder, `${prefix}${name}-${randomBytes(RANDOM_BYTES).toString('hex')}`);
  }
}

/** Under a hidden name nobody mounts anything any more: what is found now is all. */
async function removeHidden(path: string): Promise<void> {
  await assertNothingMounted(path);
  try {
    await rm(path, { recursive: true, force: true });
  } catch (err) {
    throw toEngineError(err, `remove ${path}`);
  }
}

async function assertNothingMounted(path: string): Promise<void> {
  const [mount] = await mountsBelow(path);
  if (mount === undefined) return;
  throw new FailedPreconditionError(`remove ${path}: ${mount.path} is mounted; unmount it first`, {
    code: 'ERR_ROOTFS_BUSY',
    fields: { path: mount.path, source: mount.source },
  });
}

function errnoOf(err: unknown): unknown {
  return err instanceof Error && 'code' in err ? err.code : undefined;
}
