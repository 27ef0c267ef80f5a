import { randomBytes } from 'node:crypto';
import { link, open, readdir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import PQueue from 'p-queue';
import {
  AlreadyExistsError,
  isAlreadyExists,
  isNotFound,
  NotFoundError,
  toEngineError,
} from '../../../errdefs/index.js';
import type { Logger } from '../../../log/logger.js';
import { makeFolder } from '../../../platform/make-folder.js';
import type { ContainerState, ContainerStore } from '../../objects/task-service.js';
import { readDocument, writeDocument } from './container-document.js';

const SUFFIX = '.json';
/** Files read at once; more would only queue in libuv's four threads. */
const CONCURRENCY = 8;

/**
 * The containers of one namespace, a file each: `<root>/containers/<namespace>/<id>.json`. A file is written whole under
 * another name and then linked, so that a kill at any instruction leaves all of it or nothing; never changed after.
 */
export class DiskContainerStore implements ContainerStore {
  readonly #folder: string;
  readonly #log: Logger;
  #isMade = false;

  constructor(root: string, namespace: string, log: Logger) {
    this.#folder = join(root, 'containers', namespace);
    this.#log = log;
  }

  async create(container: ContainerState): Promise<ContainerState> {
    const what = `create container ${container.id}`;
    const temporary = join(this.#folder, `.${container.id}.${randomBytes(6).toString('hex')}`);
    try {
      if (!this.#isMade) makeFolder(this.#folder, 0o700);
      this.#isMade = true;
      const flush = await writeWhole(temporary, writeDocument(container));
      try {
        await link(temporary, this.#path(container.id));
      } finally {
        flush().catch((err: unknown) =>
          this.#log.error({ err, containerId: container.id }, 'flush a container to disk'),
        );
      }
    } catch (err) {
      const error = toEngineError(err, what);
      if (!isAlreadyExists(error)) throw error;
      throw new AlreadyExistsError(`${what}: there is one`, { cause: err, fields: { containerId: container.id } });
    } finally {
      await unlink(temporary).catch(() => {});
    }
    return container;
  }

  async get(id: string): Promise<ContainerState> {
    const path = this.#path(id);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (err) {
      const error = toEngineError(err, `load container ${id}`);
      if (!isNotFound(error)) throw error;
      throw new NotFoundError(`load container ${id}: there is none`, { cause: err, fields: { containerId: id } });
    }
    return readDocument(text, id, path);
  }

  /** One that cannot be read is logged and left out: it must not hide all the others. */
  async list(): Promise<ContainerState[]> {
    const queue = new PQueue({ concurrency: CONCURRENCY });
    const read = async (id: string) => {
      try {
        return await this.get(id);
      } catch (err) {
        if (!isNotFound(err)) this.#log.error({ err, containerId: id }, 'read a container');
        return undefined;
      }
    };
    const all = await queue.addAll((await this.ids()).map((id) => () => read(id)));
    return all.filter((container) => container !== undefined);
  }

  async ids(): Promise<string[]> {
    try {
      const names = await readdir(this.#folder);
      return names
        .filter((name) => !name.startsWith('.') && name.endsWith(SUFFIX))
        .map((name) => name.slice(0, -SUFFIX.length));
    } catch (err) {
      const error = toEngineError(err, `list containers in ${this.#folder}`);
      if (isNotFound(error)) return [];
      throw error;
    }
  }

  async delete(id: string): Promise<void> {
    try {
      await rm(this.#path(id));
    } catch (err) {
      const error = toEngineError(err, `delete container ${id}`);
      if (!isNotFound(error)) throw error;
      throw new NotFoundError(`delete container ${id}: there is none`, { cause: err, fields: { containerId: id } });
    }
  }

  #path(id: string): string {
    return join(this.#folder, `${id}${SUFFIX}`);
  }
}

/** Removes what a kill or a power cut in the middle of a `create` left, in all namespaces. To be called while nobody creates any. */
export async function sweepContainers(root: string): Promise<void> {
  const folder = join(root, 'containers');
  for (const namespace of await readdir(folder).catch(() => [])) {
    const names = await readdir(join(folder, namespace)).catch(() => []);
    await Promise.all(names.map((name) => removeRemnant(join(folder, namespace, name))));
  }
}

async function removeRemnant(path: string): Promise<void> {
  const isEmpty = async () => (await stat(path).catch(() => undefined))?.size === 0;
  if (basename(path).startsWith('.') || (await isEmpty())) await rm(path, { force: true });
}

/**
 * Gives the file its name as soon as it is whole; it is flushed to the disk behind that. A power cut in between may leave
 * a file without its bytes, of a container that had nothing running: `sweepContainers` removes it.
 */
async function writeWhole(path: string, text: string): Promise<() => Promise<void>> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
  } catch (err) {
    await file.close();
    throw err;
  }
  return async () => {
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
  };
}
