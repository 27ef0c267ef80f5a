import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import PQueue from 'p-queue';
import {
  CanceledError,
  ConflictError,
  type EngineError,
  InvalidArgumentError,
  isAlreadyExists,
  isNotFound,
  NotFoundError,
  toEngineError,
} from '../../errdefs/index.js';
import { defaultLogger, type Logger } from '../../log/logger.js';
import type { Lock } from '../../platform/folder-lock.js';
import { makeFolder } from '../../platform/make-folder.js';
import { acquireRootLock } from '../../platform/root-lock.js';
import { damagedState, readStateFile } from '../../platform/state-file.js';
import { WholeFolders } from '../../platform/whole-folders.js';
import { ContainerWriter, JOURNAL_FILE, RECORD_FILE } from './container-writer.js';
import { EMPTY_JOURNAL, parseJournal, pendingFacts } from './journal.js';
import { formatRecord, parseRecord } from './parse-record.js';
import type { ContainerRecord, JournalFact } from './record.js';

/** A record as it was found, and what was learned after it was saved. */
export interface LoadedRecord {
  readonly record: ContainerRecord;
  /** In the order in which they were learned; none that the record has already, and none of another run. */
  readonly facts: readonly JournalFact[];
}

/** A container whose record cannot be used. It stays where it is. */
export interface DamagedRecord {
  /** Its folder's name. */
  readonly id: string;
  readonly path: string;
  readonly error: EngineError;
}

export interface RecordStoreOptions {
  readonly log?: Logger | undefined;
}

const FOLDER_MODE = 0o700;
const MAX_RECORD_BYTES = 16 * 1024 * 1024;
const MAX_JOURNAL_BYTES = 64 * 1024 * 1024;
const READ_AT_ONCE = 16;
const MAX_NAME = 200;
/** What `replaceFile` has left when it was killed. */
const TEMPORARY = /^\.(container\.json|journal\.jsonl)\.[0-9a-f]{12}$/;

/**
 * The containers of an engine on disk: `<root>/containers/<id>/`. It survives `kill -9` at any instruction; the README
 * says how. Writes of one container are done in the order in which they were asked for.
 */
export class RecordStore {
  readonly #folders: WholeFolders;
  readonly #lock: Lock;
  readonly #log: Logger;
  readonly #writers = new Map<string, ContainerWriter>();
  #isClosed = false;

  private constructor(folders: WholeFolders, lock: Lock, log: Logger) {
    this.#folders = folders;
    this.#lock = lock;
    this.#log = log;
  }

  /**
   * Takes the root for this process, and finishes what a killed one left half done.
   * @param root made when it is missing; not the root of an embedded core, which has a lock of its own
   * @throws ConflictError `ERR_ROOT_BUSY` when another store uses it; by errno
   */
  static async open(root: string, options: RecordStoreOptions = {}): Promise<RecordStore> {
    const log = options.log ?? defaultLogger();
    const folder = join(root, 'containers');
    const lock = await acquireRootLock(root);
    try {
      makeFolder(folder, FOLDER_MODE);
      const folders = new WholeFolders(folder);
      for (const { path, error } of await folders.sweep()) {
        log.warn({ err: error, path }, 'remnant of a container cannot be removed');
      }
      return new RecordStore(folders, lock, log);
    } catch (err) {
      lock.release();
      throw toEngineError(err, `open ${root}`);
    }
  }

  /** The container's own folder; others may keep in it what goes with the container. Whether it is there is not looked at. */
  folder(id: string): string {
    return this.#folders.path(id);
  }

  /**
   * Reads all containers, 16 at once. Those that are damaged harm no other. To be called once, before anything is written.
   * @throws by errno when the folder cannot be listed
   */
  async load(): Promise<{ records: LoadedRecord[]; damaged: DamagedRecord[] }> {
    const records: LoadedRecord[] = [];
    const damaged: DamagedRecord[] = [];
    const queue = new PQueue({ concurrency: READ_AT_ONCE });
    const ids = (await this.#folders.list()).sort();
    await queue.addAll(
      ids.map((id) => async () => {
        try {
          records.push(await this.#read(id));
        } catch (err) {
          damaged.push({ id, path: this.folder(id), error: toEngineError(err) });
        }
      }),
    );
    // In an order that is the same every time, whatever was read first.
    return { records: records.sort((a, b) => (a.record.id < b.record.id ? -1 : 1)), damaged };
  }

  /**
   * Makes the folder of a new container, with its record: all of it or nothing is there afterwards.
   * @throws ConflictError `ERR_CONTAINER_EXISTS`; InvalidArgumentError `ERR_ID_INVALID`; ResourceExhaustedError; by errno
   */
  async create(record: ContainerRecord): Promise<void> {
    const { id } = record;
    this.#assertOpen();
    assertFolderName(id);
    try {
      await this.#folders.create(id, (path) =>
        writeFile(join(path, RECORD_FILE), formatRecord(record), { mode: 0o600, flag: 'wx' }),
      );
    } catch (err) {
      if (!isAlreadyExists(err)) throw toEngineError(err, `create the record of container ${id}`);
      throw new ConflictError(`create the record of container ${id}: there is one with this id`, {
        code: 'ERR_CONTAINER_EXISTS',
        cause: err,
        fields: { containerId: id },
      });
    }
    this.#writers.set(id, new ContainerWriter(this.folder(id), this.#log));
  }

  /**
   * Replaces the record. Saves of one container that wait for an earlier write are one: the last wins, and all resolve
   * with it. What the record now has of the journal is taken out of it.
   * @throws NotFoundError when the container is removed; ResourceExhaustedError when the disk is full; by errno. Then the
   * record of before is whole.
   */
  async save(record: ContainerRecord): Promise<void> {
    await this.#writer(record.id).save(record);
  }

  /**
   * Notes a fact; resolves when it is where a kill of this process does not reach it.
   * @throws as `save`
   */
  async append(id: string, fact: JournalFact): Promise<void> {
    await this.#writer(id).append(fact);
  }

  /**
   * Removes the container's folder with all that is in it, after the writes under way. Also of one that is damaged or gone.
   * @throws FailedPreconditionError `ERR_ROOTFS_BUSY` when something is mounted in it, and then it is as it was; by errno
   */
  async remove(id: string): Promise<void> {
    this.#assertOpen();
    assertFolderName(id);
    const writer = this.#writers.get(id);
    await (writer === undefined ? this.#folders.remove(id) : writer.run(() => this.#folders.remove(id)));
    if (this.#writers.get(id) === writer) this.#writers.delete(id);
  }

  /** Waits for the writes under way, and gives the root back: from now on every other write is refused with CanceledError. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#writers.values()].map((writer) => writer.settled()));
    this.#lock.release();
  }

  /** Another engine may have the root by now. */
  #assertOpen(): void {
    if (this.#isClosed) throw new CanceledError('write a container: the engine is closed');
  }

  #writer(id: string): ContainerWriter {
    this.#assertOpen();
    const writer = this.#writers.get(id);
    if (writer !== undefined) return writer;
    throw new NotFoundError(`write the record of container ${id}: there is none`, {
      code: 'ERR_CONTAINER_NOT_FOUND',
      fields: { containerId: id },
    });
  }

  async #read(id: string): Promise<LoadedRecord> {
    const folder = this.folder(id);
    await this.#removeTemporary(folder);
    const path = join(folder, RECORD_FILE);
    const [bytes, text] = await Promise.all([
      readStateFile(path, MAX_RECORD_BYTES),
      readStateFile(join(folder, JOURNAL_FILE), MAX_JOURNAL_BYTES),
    ]);
    if (bytes === undefined) throw damagedState(path, 'it is missing');
    const record = parseRecord(path, bytes);
    if (record.id !== id) throw damagedState(path, `it is the record of ${JSON.stringify(record.id)}`);
    const journal = text === undefined ? EMPTY_JOURNAL : parseJournal(text.toString('utf8'));
    // One line that is no fact is a write that was cut short.
    if (journal.skipped > 1 || (journal.skipped === 1 && journal.endsClean)) {
      this.#log.warn(
        { containerId: id, path: join(folder, JOURNAL_FILE), lines: journal.skipped },
        'journal is damaged',
      );
    }
    this.#writers.set(id, new ContainerWriter(folder, this.#log, journal));
    return { record, facts: pendingFacts(record, journal.facts) };
  }

  async #removeTemporary(folder: string): Promise<void> {
    try {
      for (const name of await readdir(folder)) {
        if (TEMPORARY.test(name)) await rm(join(folder, name), { force: true });
      }
    } catch (err) {
      const error = toEngineError(err, `look into ${folder}`);
      if (!isNotFound(error)) throw error;
    }
  }
}

/** What containers are called is checked above; this keeps every name inside the folder. */
function assertFolderName(id: string): void {
  if (id !== '' && id.length <= MAX_NAME && !id.startsWith('.') && !/[/\0]/.test(id)) return;
  throw new InvalidArgumentError(`name a folder: ${JSON.stringify(id.slice(0, MAX_NAME))} is no container id`, {
    code: 'ERR_ID_INVALID',
  });
}
