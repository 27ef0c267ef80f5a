import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FailedPreconditionError, toEngineError } from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import type { KeeperLog, LogKeeper } from '../log-keeper/log-keeper.js';
import { FileWatch } from './file-watch.js';
import { ForeignFiles } from './foreign-files.js';
import { JsonDecoder } from './json-decoder.js';
import type { ContainerLog, ExternalWriter, LogEntry, LogWriter, ReadLogsOptions } from './log-driver.js';
import { removeLog } from './log-names.js';
import { type ReadPlan, readable } from './read-options.js';
import { type Place, readSegments } from './read-segments.js';
import { RunLife } from './run-life.js';
import type { Segment } from './segment.js';

export interface KeptLogOptions extends KeeperLog {
  readonly id: string;
  readonly log: Logger;
}

/** A `json-file` log that the log keeper writes. It is read here, from the files. */
export class KeptLog implements ContainerLog {
  readonly driver = 'json-file';
  readonly files = undefined;
  readonly path: string;
  readonly external: ExternalWriter;
  readonly #options: KeptLogOptions;
  readonly #keeper: LogKeeper;
  readonly #life = new RunLife();
  readonly #watch: FileWatch;
  readonly #readers = new Set<ForeignFiles>();
  readonly #closing = new AbortController();

  constructor(options: KeptLogOptions, keeper: LogKeeper) {
    const { id, folder, attributes, maxSizeBytes, maxFiles, compress, dropAboveBytes } = options;
    this.path = join(folder, `${id}-json.log`);
    this.#options = options;
    this.#keeper = keeper;
    const log = { folder, attributes, maxSizeBytes, maxFiles, compress, dropAboveBytes };
    this.external = {
      open: (run, { stdout, stderr }) => keeper.open({ id, run, stdout, stderr, log }),
      finish: () => keeper.finish(id),
    };
    // The folder: a rotation puts another file in the place of the newest.
    this.#watch = new FileWatch([dirname(this.path)], () => this.#notify());
  }

  openWriter(): Promise<LogWriter> {
    return Promise.reject(new FailedPreconditionError('open a log: the log keeper writes it'));
  }

  read(options: ReadLogsOptions = {}): AsyncIterable<LogEntry> {
    return readable(options, this.#closing.signal, (plan, signal) => this.#read(plan, signal, options));
  }

  running(): void {
    this.#life.begin();
  }

  ended(): void {
    this.#life.end();
    this.#notify();
  }

  async remove(): Promise<void> {
    this.#closing.abort();
    try {
      await this.#keeper.forget(this.#options.id);
    } catch (err) {
      // Without one nobody writes.
      this.#options.log.warn({ err, path: this.path }, 'have a log forgotten by its keeper');
    }
    try {
      await removeLog(this.path);
    } catch (err) {
      throw toEngineError(err, 'remove a log');
    }
  }

  close(): void {
    this.#closing.abort();
  }

  async *#read(plan: ReadPlan, signal: AbortSignal, options: ReadLogsOptions): AsyncGenerator<LogEntry[]> {
    const { fromNow = false, waitForRun = false } = options;
    // With no turn of the event loop before it: what is printed after the call must not be taken for older.
    const isLive = this.#life.follow(waitForRun || fromNow);
    const now = fromNow ? statSync(this.path, { bigint: true, throwIfNoEntry: false }) : undefined;
    const { maxFiles, log } = this.#options;
    const files = new ForeignFiles(this.path, maxFiles, now);
    const from = fromNow ? (held: readonly Segment[]) => files.marked ?? beginningOf(held) : undefined;
    this.#readers.add(files);
    if (plan.follow) this.#watch.acquire();
    try {
      yield* readSegments(files, new JsonDecoder(log, this.path), { ...plan, from, isLive, signal, log });
    } finally {
      if (plan.follow) this.#watch.release();
      this.#readers.delete(files);
      await files.close();
    }
  }

  #notify(): void {
    for (const files of this.#readers) files.changes.notify();
  }
}

/** There was no file then, or it is gone: all that is there is newer. */
function beginningOf(held: readonly Segment[]): Place {
  return { generation: held[0]?.generation ?? 0, offset: 0 };
}
