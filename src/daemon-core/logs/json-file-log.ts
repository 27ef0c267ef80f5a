import { join } from 'node:path';
import { FailedPreconditionError, toEngineError } from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import { JsonDecoder } from './json-decoder.js';
import { JsonFileWriter } from './json-file-writer.js';
import { JsonFiles } from './json-files.js';
import type { ContainerLog, LogEntry, LogWriter, ReadLogsOptions } from './log-driver.js';
import { removeLog } from './log-names.js';
import type { LogOptions } from './log-options.js';
import { readable } from './read-options.js';
import { readSegments } from './read-segments.js';
import { RunLife } from './run-life.js';

export interface JsonFileLogOptions extends LogOptions {
  /** Exists. */
  readonly folder: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly log: Logger;
  /** Milliseconds since 1970, with a fraction. @default the wall clock */
  readonly now?: (() => number) | undefined;
}

/** Docker's json-file: `<folder>/<id>-json.log`, one JSON object a line. */
export class JsonFileLog implements ContainerLog {
  readonly driver = 'json-file';
  readonly files = undefined;
  readonly external = undefined;
  readonly path: string;
  readonly #options: JsonFileLogOptions;
  readonly #store: JsonFiles;
  readonly #life = new RunLife();
  readonly #closing = new AbortController();
  #hasWriter = false;

  constructor(options: JsonFileLogOptions) {
    this.path = join(options.folder, `${options.id}-json.log`);
    this.#options = options;
    this.#store = new JsonFiles({ ...options, path: this.path });
  }

  async openWriter(): Promise<LogWriter> {
    if (this.#hasWriter) throw new FailedPreconditionError('open a log: it has a writer');
    this.#hasWriter = true;
    try {
      await this.#store.openForWriting();
    } catch (err) {
      this.#hasWriter = false;
      throw toEngineError(err, 'open a log');
    }
    const onClosed = (): void => {
      this.#hasWriter = false;
    };
    return new JsonFileWriter(this.#store, { ...this.#options, onClosed });
  }

  read(options: ReadLogsOptions = {}): AsyncIterable<LogEntry> {
    return readable(options, this.#closing.signal, (plan, signal) => {
      const { log } = this.#options;
      const { files } = this.#store;
      const source = {
        path: this.path,
        changes: files.changes,
        get generation() {
          return files.generation;
        },
        openAll: () => this.#store.openAll(),
        openGeneration: (generation: number) => this.#store.openGeneration(generation),
      };
      const isLive = this.#life.follow(options.waitForRun === true);
      return readSegments(source, new JsonDecoder(log, this.path), { ...plan, isLive, signal, log });
    });
  }

  running(): void {
    this.#life.begin();
  }

  ended(): void {
    this.#life.end();
    this.#store.files.changes.notify();
  }

  async remove(): Promise<void> {
    this.#closing.abort();
    await this.#store.files.close();
    try {
      await this.#store.files.exclusive(() => removeLog(this.path));
    } catch (err) {
      throw toEngineError(err, 'remove a log');
    }
  }

  close(): void {
    this.#closing.abort();
    void this.#store.files.close();
  }
}
