import type { ManagedContainer } from '../container/managed-container.js';
import type { LogEntry, ReadLogsOptions } from '../logs/log-driver.js';

/** @throws NotImplementedError from the first `next()` when the log driver keeps nothing */
export function readLogs(c: ManagedContainer, options: ReadLogsOptions = {}): AsyncIterable<LogEntry> {
  return c.logs.read(options);
}
