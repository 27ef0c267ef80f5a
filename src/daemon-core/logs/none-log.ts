import { NotImplementedError } from '../../errdefs/index.js';
import type { ContainerLog, LogEntry, LogStream, LogWriter } from './log-driver.js';

/** Keeps nothing. */
export class NoneLog implements ContainerLog {
  readonly driver = 'none';
  readonly path = undefined;
  readonly files = undefined;
  readonly external = undefined;

  async openWriter(): Promise<LogWriter> {
    return new NoneWriter();
  }

  read(): AsyncIterable<LogEntry> {
    const next = async (): Promise<never> => {
      throw new NotImplementedError('configured logging driver does not support reading');
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  running(): void {}
  ended(): void {}
  async remove(): Promise<void> {}
  close(): void {}
}

/** Takes everything at once and forgets it: no loss, since nothing was to be kept. */
export class NoneWriter implements LogWriter {
  readonly error = undefined;
  readonly droppedBytes = 0;

  write(_stream: LogStream, _chunk: Buffer): boolean {
    return true;
  }

  async ready(): Promise<void> {}
  async close(): Promise<void> {}
}
