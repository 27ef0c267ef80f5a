import type { LogEntry } from './log-driver.js';

/** Turns the bytes of log files into entries. It keeps what is no whole entry yet; at most a bounded number of bytes. */
export interface EntryDecoder {
  /** The next blocks are of a file that was changed last at this time, in milliseconds since 1970. */
  at(changedAtMs: number): void;
  /** The entries that the block completes. It is used during the call only. */
  push(block: Buffer): LogEntry[];
  /** A file has been read to its end, and the next one begins. */
  endOfFile(): void;
  /** What is left when nothing follows. */
  rest(): LogEntry[];
  /** Whether `rest` has an entry to give. */
  readonly hasRest: boolean;
  /** Forgets what is left: the next block is of another place. */
  reset(): void;
}
