import { type FSWatcher, watch } from 'node:fs';
import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ResourceExhaustedError, toEngineError } from '../errdefs/index.js';
import type { Logger } from '../log/logger.js';
import type { Envelope } from '../protocol/gen/containerd/types/types.js';
import { claimFolder } from './claim-folder.js';
import type { EventSink } from './event-server.js';
import { publishScript } from './publish-script.js';
import { replaceFile } from './replace-file.js';
import { parseSpooledEvent } from './spooled-event.js';

export interface EventSpoolOptions extends EventSink {
  /** State folder of the spool; made with mode 0700. Absolute. */
  readonly folder: string;
}

interface SpooledFile {
  readonly path: string;
  readonly size: bigint;
  readonly writtenAtNs: bigint;
}

const MAX_BYTES = 1024n * 1024n;
const NS_PER_MS = 1_000_000n;
/** Where the kernel watches no more folders. */
const POLL_MS = 1_000;
/** A shim gives its publisher 30 s: what is older and still hidden was never finished. */
const STALE_NS = 60_000n * NS_PER_MS;

/**
 * Events of shims that publish by running a program: shim API v1, and early shims of v2. They lie in a folder until they
 * are delivered, so what was published while we were down comes after the next start. At least once: the engine may end
 * between the delivery and the removal.
 */
export class EventSpool {
  /** Path of the program: what `-containerd-binary` and `-publish-binary` get. */
  readonly publisher: string;
  readonly #spool: string;
  readonly #log: Logger;
  readonly #onEnvelope: (envelope: Envelope) => void;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** - `due`: something came while a round was under way. */
  #round: 'idle' | 'running' | 'due' = 'idle';
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor({ folder, log, onEnvelope }: EventSpoolOptions) {
    this.publisher = join(folder, 'publish');
    this.#spool = join(folder, 'spool');
    this.#log = log;
    this.#onEnvelope = onEnvelope;
  }

  /**
   * Writes the program, delivers what lies in the spool, and goes on with what comes.
   * @throws PermissionDeniedError `ERR_STATE_DIR` when others may pass the folder; by errno
   */
  static async open(options: EventSpoolOptions): Promise<EventSpool> {
    const spool = new EventSpool(options);
    await claimFolder(options.folder);
    await claimFolder(spool.#spool);
    await replaceFile(spool.publisher, publishScript(spool.#spool), 0o700);
    // Before the first look: what comes between the two is seen by one of them.
    spool.#watch();
    await spool.#removeStale();
    spool.#look();
    await spool.#running;
    return spool;
  }

  /** Delivers nothing more once it has settled. What comes stays in the spool. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#watcher?.close();
    clearInterval(this.#timer);
    await this.#running;
  }

  #watch(): void {
    try {
      this.#watcher = watch(this.#spool, () => this.#look());
      this.#watcher.on('error', (err) => this.#poll(err));
    } catch (err) {
      this.#poll(err);
    }
  }

  #poll(err: unknown): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#log.warn({ err, path: this.#spool }, 'event spool cannot be watched: looking every second');
    this.#timer = setInterval(() => this.#look(), POLL_MS);
  }

  #look(): void {
    if (this.#round !== 'idle') {
      this.#round = 'due';
      return;
    }
    this.#running = this.#rounds();
  }

  async #rounds(): Promise<void> {
    do {
      this.#round = 'running';
      try {
        for (const file of await this.#files()) {
          if (this.#closed) break;
          await this.#deliver(file);
        }
      } catch (err) {
        this.#log.error({ err, path: this.#spool }, 'event spool cannot be read');
      }
    } while (this.#isDue());
    this.#round = 'idle';
  }

  #isDue(): boolean {
    return this.#round === 'due' && !this.#closed;
  }

  /** The oldest first: names tell no order, pids are used again. */
  async #files(): Promise<SpooledFile[]> {
    const names = (await readdir(this.#spool)).filter((name) => !name.startsWith('.'));
    const files: SpooledFile[] = [];
    for (const name of names) {
      const path = join(this.#spool, name);
      const stats = await lstat(path, { bigint: true });
      // A FIFO would hold the reader; nothing but a publisher writes here.
      const size = stats.isFile() ? stats.size : MAX_BYTES + 1n;
      files.push({ path, size, writtenAtNs: stats.mtimeNs });
    }
    return files.sort((a, b) => Number(a.writtenAtNs - b.writtenAtNs) || (a.path < b.path ? -1 : 1));
  }

  async #deliver({ path, size, writtenAtNs }: SpooledFile): Promise<void> {
    try {
      if (size > MAX_BYTES) throw new ResourceExhaustedError(`read spooled event: over ${MAX_BYTES} bytes, or no file`);
      this.#onEnvelope(parseSpooledEvent(await readFile(path), new Date(Number(writtenAtNs / NS_PER_MS))));
    } catch (err) {
      this.#log.warn({ err: toEngineError(err), path }, 'event of a shim dropped');
    }
    await rm(path, { force: true, recursive: true });
  }

  /** What publishers that were killed left half written. */
  async #removeStale(): Promise<void> {
    const now = BigInt(Date.now()) * NS_PER_MS;
    for (const name of await readdir(this.#spool)) {
      if (!name.startsWith('.')) continue;
      const path = join(this.#spool, name);
      const stats = await lstat(path, { bigint: true }).catch(() => undefined);
      if (stats !== undefined && now - stats.mtimeNs > STALE_NS) await rm(path, { force: true, recursive: true });
    }
  }
}
