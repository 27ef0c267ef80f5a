import { FifoStdio } from '../../cio/fifo-stdio.js';
import type { Logger } from '../../log/logger.js';
import { JsonFileLog } from '../logs/json-file-log.js';
import type { LogWriter } from '../logs/log-driver.js';
import { HubRun } from '../streams/hub-run.js';
import type { OpenRequest } from './keeper-protocol.js';

const NOBODY = { stdout: new Set<never>(), stderr: new Set<never>() };
/** What is left in memory at the end, for a disk that is slow. */
const FLUSH_MS = 30_000;

/** The output of one run on its way into its log. */
export class KeptRun {
  readonly request: OpenRequest;
  readonly #stdio: FifoStdio;
  readonly #store: JsonFileLog;
  readonly #log: Logger;
  readonly #writer: LogWriter;
  readonly #ended: Promise<void>;
  #isOver = false;

  private constructor(request: OpenRequest, parts: KeptParts) {
    this.request = request;
    this.#stdio = parts.stdio;
    this.#store = parts.store;
    this.#writer = parts.writer;
    this.#log = parts.log;
    const copy = new HubRun(parts.stdio.streams, parts.writer, NOBODY);
    this.#ended = this.#copyToEnd(copy);
  }

  /** @throws as `JsonFileLog.openWriter` and `FifoStdio.openExisting`; nothing stays open then */
  static async open(request: OpenRequest, log: Logger): Promise<KeptRun> {
    const { id, stdout, stderr } = request;
    const store = new JsonFileLog({ ...request.log, id, log });
    const writer = await store.openWriter();
    try {
      const stdio = await FifoStdio.openExisting({ stdin: '', stdout, stderr, terminal: stderr === '' });
      return new KeptRun(request, { stdio, store, writer, log });
    } catch (err) {
      await writer.close();
      store.close();
      throw err;
    }
  }

  /** Its outputs have ended and are written: by themselves, or by `finish`. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The process is gone: what it left is read and written, for as long as bytes come; 10 s at most for the reading. */
  async finish(): Promise<void> {
    this.#stdio.processExited();
    const isWhole = await this.#stdio.waitDrained();
    if (!isWhole) this.#log.warn({ containerId: this.request.id }, 'output was cut off');
    await this.letGo();
  }

  /** Closes the FIFOs: what is in them stays there for another reader. What was read is written. */
  async letGo(): Promise<void> {
    await this.#stdio.close({ removeFiles: false });
    await this.#ended;
  }

  /** Also ends the compressing of its rotated files. */
  async forget(): Promise<void> {
    await this.letGo();
    this.#store.close();
  }

  async #copyToEnd(copy: HubRun): Promise<void> {
    await this.#stdio.drained();
    await copy.end(async () => {}, { timeoutMs: FLUSH_MS }, this.#log);
    const { droppedBytes, error } = this.#writer;
    if (droppedBytes > 0) this.#log.warn({ containerId: this.request.id, droppedBytes, err: error }, 'output was lost');
    await this.#stdio.close({ removeFiles: false });
    this.#isOver = true;
  }
}

interface KeptParts {
  readonly stdio: FifoStdio;
  readonly store: JsonFileLog;
  readonly writer: LogWriter;
  readonly log: Logger;
}
