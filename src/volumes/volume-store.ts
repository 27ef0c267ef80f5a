import { randomBytes } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { ConflictError, isAlreadyExists, NotFoundError, toEngineError } from '../errdefs/index.js';
import { defaultLogger, type Logger } from '../log/logger.js';
import { makeFolder } from '../platform/make-folder.js';
import { WholeFolders } from '../platform/whole-folders.js';
import { type CopyUpOptions, copyUp } from './copy-up.js';
import { folderSize } from './folder-size.js';
import { LOCAL_DRIVER, type Volume } from './volume.js';
import { bareVolume, DATA_FOLDER, formatVolume, readVolume, VOLUME_FILE } from './volume-file.js';
import { assertVolumeName } from './volume-name.js';
import { assertVolumeOptions, mountOf } from './volume-options.js';
import { VolumeUsers } from './volume-users.js';

export interface NewVolume {
  /** @default 64 random hexadecimal digits, and then the volume is anonymous */
  readonly name?: string | undefined;
  /** @default local */
  readonly driver?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** `type`, `o` and `device` as with mount(8). */
  readonly options?: Readonly<Record<string, string>> | undefined;
  /** Counts as its user from the first moment on, so that no prune comes in between. */
  readonly usedBy?: string | undefined;
}

export interface PruneVolumesOptions {
  /** Those with names of their own too. @default false */
  readonly all?: boolean | undefined;
  readonly matches?: ((volume: Volume) => boolean) | undefined;
}

export interface PrunedVolumes {
  readonly names: readonly string[];
  readonly bytes: number;
}

const ROOT_MODE = 0o711;
/** Lets a remapped root pass, and look at nothing. */
const VOLUME_MODE = 0o711;
const DATA_MODE = 0o755;
const READ_AT_ONCE = 16;
const ID_BYTES = 32;

/**
 * The volumes in one folder, with dockerd's layout: the content is in `<folder>/<name>/_data`. A volume is there as a whole
 * or not at all, also after `kill -9`; the content of a damaged one is kept. One process uses the folder at a time.
 */
export class VolumeStore {
  readonly #folders: WholeFolders;
  readonly #log: Logger;
  readonly #volumes = new Map<string, Volume>();
  readonly #users = new VolumeUsers();
  readonly #busy = new Map<string, Promise<unknown>>();
  #isPruning = false;

  private constructor(folders: WholeFolders, log: Logger) {
    this.#folders = folders;
    this.#log = log;
  }

  /**
   * Reads all volumes, and finishes what a killed process left half done.
   * @param folder made when it is missing
   * @throws by errno
   */
  static async open(folder: string, options: { readonly log?: Logger | undefined } = {}): Promise<VolumeStore> {
    try {
      makeFolder(folder, ROOT_MODE);
    } catch (err) {
      throw toEngineError(err, `open ${folder}`);
    }
    const store = new VolumeStore(new WholeFolders(folder), options.log ?? defaultLogger());
    await store.#load();
    return store;
  }

  /**
   * Makes a volume. One that is there with this name is given as it is, whatever was asked for (as dockerd does).
   * @throws InvalidArgumentError for a name or options that cannot be; NotImplementedError for options that would need a
   * mount; NotFoundError for another driver; ResourceExhaustedError; by errno
   */
  async create(request: NewVolume = {}): Promise<Volume> {
    const { name = '', driver = '', labels = {}, options = {}, usedBy } = request;
    const anonymous = name === '';
    const chosen = anonymous ? randomBytes(ID_BYTES).toString('hex') : name;
    if (driver !== '' && driver !== LOCAL_DRIVER) {
      throw new NotFoundError(
        `create ${chosen}: error looking up volume plugin ${driver}: plugin ${JSON.stringify(driver)} not found`,
      );
    }
    assertVolumeName(chosen);
    return this.#alone(chosen, async () => {
      const known = this.#volumes.get(chosen);
      if (usedBy !== undefined) this.#users.add(chosen, usedBy);
      if (known !== undefined) return known;
      try {
        assertVolumeOptions(chosen, options);
        const mountpoint = join(this.#folders.path(chosen), DATA_FOLDER);
        const createdAt = new Date().toISOString();
        const volume: Volume = {
          name: chosen,
          driver: LOCAL_DRIVER,
          mountpoint,
          createdAt,
          labels,
          options,
          anonymous,
        };
        await this.#make(volume);
        this.#volumes.set(chosen, volume);
        return volume;
      } catch (err) {
        if (usedBy !== undefined) this.#users.delete(chosen, usedBy);
        throw err;
      }
    });
  }

  /** @throws NotFoundError in dockerd's words */
  get(name: string): Volume {
    const volume = this.#volumes.get(name);
    if (volume !== undefined) return volume;
    throw new NotFoundError(`get ${name}: no such volume`);
  }

  find(name: string): Volume | undefined {
    return this.#volumes.get(name);
  }

  /** All, by name. */
  list(): Volume[] {
    return [...this.#volumes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Counts a container as a user. After a restart each container is told of again; also for a volume that is gone. */
  use(name: string, containerId: string): void {
    this.#users.add(name, containerId);
  }

  release(name: string, containerId: string): void {
    this.#users.delete(name, containerId);
  }

  /** Gives the names of what the container used. */
  releaseAll(containerId: string): string[] {
    return this.#users.deleteAll(containerId);
  }

  /** Ids of the containers that use it. */
  usersOf(name: string): string[] {
    return this.#users.of(name);
  }

  /**
   * Removes a volume with its content; what a `device` option names is left alone.
   *
   * @param options `force`: that there is none is no error. It does not remove one that is in use.
   * @throws NotFoundError; ConflictError when containers use it; FailedPreconditionError `ERR_ROOTFS_BUSY` when something
   * is mounted in it, and then nothing is removed; by errno
   */
  async remove(name: string, options: { readonly force?: boolean | undefined } = {}): Promise<void> {
    await this.#alone(name, async () => {
      if (options.force === true && !this.#volumes.has(name)) return;
      this.get(name);
      const users = this.#users.of(name);
      if (users.length > 0) {
        throw new ConflictError(`remove ${name}: volume is in use - [${users.join(', ')}]`, {
          fields: { volume: name },
        });
      }
      await this.#folders.remove(name);
      this.#volumes.delete(name);
    });
  }

  /**
   * Fills a volume that is empty with what a folder of the host has, see `copyUp`. One that is mounted read-only, or has no
   * folder, is left alone.
   * @returns whether it was filled
   * @throws NotFoundError when there is no such volume; as `copyUp`
   */
  async fill(name: string, from: string, options: CopyUpOptions = {}): Promise<boolean> {
    return this.#alone(name, async () => {
      const mount = mountOf(this.get(name));
      if (mount.kind !== 'bind' || mount.readOnly) return false;
      return copyUp({ from, to: mount.source, markerFolder: this.#folders.path(name) }, options);
    });
  }

  /**
   * Removes what no container uses: by default the anonymous ones. Those with options are kept, there is nothing to win.
   * One that cannot be removed is logged and kept.
   * @throws ConflictError while another prune is under way
   */
  async prune({ all = false, matches = () => true }: PruneVolumesOptions = {}): Promise<PrunedVolumes> {
    if (this.#isPruning) throw new ConflictError('a prune operation is already running');
    this.#isPruning = true;
    const names: string[] = [];
    let bytes = 0;
    try {
      for (const volume of this.list()) {
        const { name, anonymous, options, mountpoint } = volume;
        if (!(all || anonymous) || Object.keys(options).length > 0 || !matches(volume)) continue;
        if (this.#users.of(name).length > 0) continue;
        try {
          const size = await folderSize(mountpoint);
          await this.remove(name);
          names.push(name);
          bytes += size;
        } catch (err) {
          this.#log.warn({ err, volume: name }, 'volume cannot be pruned');
        }
      }
    } finally {
      this.#isPruning = false;
    }
    return { names, bytes };
  }

  async #load(): Promise<void> {
    for (const { path, error } of await this.#folders.sweep()) {
      this.#log.warn({ err: error, path }, 'remnant of a volume cannot be removed');
    }
    const queue = new PQueue({ concurrency: READ_AT_ONCE });
    const names = await this.#folders.list();
    await queue.addAll(names.map((name) => () => this.#read(name)));
  }

  async #read(name: string): Promise<void> {
    const folder = this.#folders.path(name);
    try {
      this.#volumes.set(name, await readVolume(folder, name));
    } catch (err) {
      // Labels may be lost; the content is what matters.
      this.#log.warn({ err, volume: name }, 'what is known of a volume cannot be read');
      try {
        this.#volumes.set(name, await bareVolume(folder, name));
      } catch (bare) {
        this.#log.warn({ err: bare, volume: name }, 'folder is no volume');
      }
    }
  }

  async #make(volume: Volume): Promise<void> {
    const { name } = volume;
    try {
      await this.#folders.create(name, async (path) => {
        await mkdir(join(path, DATA_FOLDER));
        await writeFile(join(path, VOLUME_FILE), formatVolume(volume), { mode: 0o600, flag: 'wx' });
        // Apart from mkdir, which the umask would narrow.
        await chmod(join(path, DATA_FOLDER), DATA_MODE);
        await chmod(path, VOLUME_MODE);
      });
    } catch (err) {
      if (isAlreadyExists(err)) {
        throw new ConflictError(`create ${name}: a folder that is no volume has its place`, { cause: err });
      }
      throw toEngineError(err, `create ${name}`);
    }
  }

  /** One thing at a time with a volume. */
  async #alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(name) ?? Promise.resolve();
    const done = before.then(work);
    const settled = done.catch(() => {});
    this.#busy.set(name, settled);
    try {
      return await done;
    } finally {
      if (this.#busy.get(name) === settled) this.#busy.delete(name);
    }
  }
}
