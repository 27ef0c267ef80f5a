export type LogStream = 'stdout' | 'stderr';

/** Takes the output of one run of a container. Nothing that happens to it is a reason to stop the container. */
export interface LogWriter {
  /**
   * Takes a chunk as it came, cut anywhere. The bytes are copied or written out before it returns: the caller may use
   * the buffer again. Never throws; what cannot be written is dropped and counted in `droppedBytes`.
   * @returns false: enough is under way, wait for `ready()` before the next write
   */
  write(stream: LogStream, chunk: Buffer): boolean;
  /** Resolves when it can take more; also after a failure and after close. Never rejects. */
  ready(): Promise<void>;
  /** Writes what is left, an unfinished line too, and closes the file. Safe to call twice. Never rejects: see `error`. */
  close(): Promise<void>;
  /** What went wrong last, a full disk for one; undefined again as soon as something could be written. */
  readonly error: Error | undefined;
  /** Bytes of output that are in no file, since the writer was opened. */
  readonly droppedBytes: number;
}

export interface LogEntry {
  readonly stream: LogStream;
  /** `timeNano` cut to milliseconds. */
  readonly time: Date;
  /** Nanoseconds since 1970. The `direct` driver knows no times: there it is when the file was changed last. */
  readonly timeNano: bigint;
  /** With its '\n', unless it is partial. */
  readonly line: Buffer;
  /** No end of line follows yet: a piece of a line of more than 16 KiB, or the end of a run's output. */
  readonly partial: boolean;
  /** What the options `labels`, `labels-regex`, `env`, `env-regex` and `tag` added when it was written. */
  readonly attrs?: Readonly<Record<string, string>>;
}

export interface ReadLogsOptions {
  /** Entries of this moment and later. A bigint is in nanoseconds since 1970. */
  readonly since?: Date | bigint | undefined;
  /** Entries of this moment and earlier; a follow ends there. */
  readonly until?: Date | bigint | undefined;
  /** How many of the last entries, counted over both streams as Docker does; with `direct`, of each. @default 'all' */
  readonly tail?: number | 'all' | undefined;
  /** Go on with what is written from now on, until the container has ended. @default false */
  readonly follow?: boolean | undefined;
  /** With `follow`: when nothing runs now, the next run is waited for and followed. @default false: the end comes at once */
  readonly waitForRun?: boolean | undefined;
  /** Only what is written after this call, in place of `tail` and `since`; waits for a run as `waitForRun` does. @default false */
  readonly fromNow?: boolean | undefined;
  /** @default true */
  readonly stdout?: boolean | undefined;
  /** @default true */
  readonly stderr?: boolean | undefined;
  /** Ends the reading at once, with CanceledError or DeadlineExceededError. */
  readonly signal?: AbortSignal | undefined;
}

/** What has another process read the output of a run and write it to the log. */
export interface ExternalWriter {
  /**
   * When it settles the FIFOs are open elsewhere. Again with the same run it does nothing.
   * @param run its number; output of an older one is given up
   * @throws as `LogKeeper.open`
   */
  open(run: number, output: { readonly stdout: string; readonly stderr: string }): Promise<void>;
  /** The run is over: settles when all that it printed is in the log. @throws as `LogKeeper.finish` */
  finish(): Promise<void>;
}

/** The log of one container, over all its runs. */
export interface ContainerLog {
  /** `json-file`, `none` or `direct`. */
  readonly driver: string;
  /** The newest file, where there is one (`LogPath` of an inspect). Of `direct`, that of stdout. */
  readonly path: string | undefined;
  /** `direct`: the files that the shim is to be given for its output. */
  readonly files: { readonly stdout: string; readonly stderr: string } | undefined;
  /** Set where the log is written elsewhere: then nobody here opens a writer. */
  readonly external: ExternalWriter | undefined;
  /**
   * Opens the log for a run; it goes on after what an earlier run or engine wrote. One writer at a time.
   * @throws FailedPreconditionError when another writer is open; the classes of system errors otherwise
   */
  openWriter(): Promise<LogWriter>;
  /**
   * Entries from the oldest to the newest, each once, over rotated files too. A slow reader costs no memory; what is
   * rotated away before it came to it, is missing. What cannot be read as an entry is left out, with a warning in the log.
   * @throws NotImplementedError from the first `next()`, when the driver keeps nothing; CanceledError by the signal
   */
  read(options?: ReadLogsOptions): AsyncIterable<LogEntry>;
  /** The container runs, or is about to: who follows now waits for more. Starts the looking after size of `direct`. */
  running(): void;
  /** The run has ended and its writer is closed: who follows gets what is left and the end. */
  ended(): void;
  /** Ends all readers and removes every file. */
  remove(): Promise<void>;
  /** The engine goes: ends readers and timers, keeps the files. An open writer is closed by its owner. */
  close(): void;
}
