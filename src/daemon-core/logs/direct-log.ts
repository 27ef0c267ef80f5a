import { join } from 'node:path';
import { toEngineError } from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import { DirectDecoder } from './direct-decoder.js';
import { DirectFile } from './direct-file.js';
import { FileWatch } from './file-watch.js';
import type { ContainerLog, LogEntry, LogStream, LogWriter, ReadLogsOptions } from './log-driver.js';
import { removeLog } from './log-names.js';
import type { LogOptions } from './log-options.js';
import { mergeGroups } from './merge-groups.js';
import { NoneWriter } from './none-log.js';
import { type ReadPlan, readable } from './read-options.js';
import { readSegments } from './read-segments.js';
import { RunLife } from './run-life.js';

const SIZE_CHECK_MS = 1_000;
const STREAMS: readonly LogStream[] = ['stdout', 'stderr'];

export interface DirectLogOptions extends LogOptions {
  /** Exists. */
  readonly folder: string;
  readonly id: string;
  readonly log: Logger;
}

/**
 * The shim writes the output as it is to `<folder>/<id>-stdout.log` and `-stderr.log`; no byte of it passes through this
 * process. Nobody knows times, nor which of two lines of different streams was first: what is read is all of stdout, then
 * all of stderr, and `tail` is a number for each. While the container runs, the sizes are looked at once a second.
 */
export class DirectLog implements ContainerLog {
  readonly driver = 'direct';
  readonly external = undefined;
  readonly path: string;
  readonly files: { readonly stdout: string; readonly stderr: string };
  readonly #options: DirectLogOptions;
  readonly #stores: Readonly<Record<LogStream, DirectFile>>;
  readonly #life = new RunLife();
  readonly #watch: FileWatch;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #rotating: Promise<void> | undefined;

  constructor(options: DirectLogOptions) {
    const file = (stream: LogStream) => join(options.folder, `${options.id}-${stream}.log`);
    this.files = { stdout: file('stdout'), stderr: file('stderr') };
    this.path = this.files.stdout;
    this.#options = options;
    this.#stores = {
      stdout: new DirectFile({ ...options, path: this.files.stdout }),
      stderr: new DirectFile({ ...options, path: this.files.stderr }),
    };
    this.#watch = new FileWatch([this.files.stdout, this.files.stderr], () => this.#notify());
  }

  async openWriter(): Promise<LogWriter> {
    return new NoneWriter();
  }

  read(options: ReadLogsOptions = {}): AsyncIterable<LogEntry> {
    return readable(options, this.#closing.signal, (plan, signal) =>
      this.#read(plan, signal, options.waitForRun === true),
    );
  }

  running(): void {
    this.#life.begin();
    if (this.#closing.signal.aborted || this.#timer !== undefined) return;
    for (const stream of STREAMS) void this.#quietly('tidy a log', this.#stores[stream].tidy());
    if (this.#options.maxSizeBytes === undefined) return;
    this.#timer = setInterval(() => this.#checkSizes(), SIZE_CHECK_MS);
    this.#timer.unref();
  }

  ended(): void {
    this.#stopTimer();
    this.#life.end();
    this.#notify();
  }

  async remove(): Promise<void> {
    this.close();
    await this.#rotating;
    try {
      for (const stream of STREAMS) {
        const store = this.#stores[stream];
        await store.close();
        await store.exclusive(() => removeLog(store.path));
      }
    } catch (err) {
      throw toEngineError(err, 'remove a log');
    }
  }

  close(): void {
    this.#stopTimer();
    this.#closing.abort();
    for (const stream of STREAMS) void this.#stores[stream].close();
  }

  async *#read(plan: ReadPlan, caller: AbortSignal, waitForRun: boolean): AsyncGenerator<LogEntry[]> {
    const isLive = this.#life.follow(waitForRun);
    const { log } = this.#options;
    const giveUp = new AbortController();
    const signal = AbortSignal.any([caller, giveUp.signal]);
    const wanted = STREAMS.filter((stream) => plan[stream]);
    const groups = wanted.map((stream) =>
      readSegments(this.#stores[stream], new DirectDecoder(stream), { ...plan, isLive, signal, log }),
    );
    if (plan.follow) this.#watch.acquire();
    try {
      if (plan.follow) yield* mergeGroups(groups, () => giveUp.abort());
      else for (const each of groups) yield* each;
    } finally {
      if (plan.follow) this.#watch.release();
    }
  }

  #checkSizes(): void {
    const { maxSizeBytes } = this.#options;
    if (maxSizeBytes === undefined || this.#rotating !== undefined) return;
    const rotate = async (): Promise<void> => {
      for (const stream of STREAMS) await this.#stores[stream].rotateIfGrown(maxSizeBytes);
    };
    this.#rotating = this.#quietly('rotate a log', rotate()).finally(() => {
      this.#rotating = undefined;
    });
  }

  #quietly(what: string, work: Promise<void>): Promise<void> {
    return work.catch((err: unknown) => this.#options.log.warn({ err, path: this.path }, what));
  }

  #notify(): void {
    for (const stream of STREAMS) this.#stores[stream].changes.notify();
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
