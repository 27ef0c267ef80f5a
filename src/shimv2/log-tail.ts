import type { LogFields, Logger } from '../log/logger.js';

const KEPT_LINES = 10;

/** Hands lines on to a logger and remembers the last of them, for the error of a shim that did not come up. */
export class LogTail implements Logger {
  readonly #to: Logger;
  readonly #lines: string[];

  constructor(to: Logger, lines: string[] = []) {
    this.#to = to;
    this.#lines = lines;
  }

  /** The last lines, oldest first; empty when there were none. */
  get text(): string {
    return this.#lines.join('\n');
  }

  debug(fields: LogFields, message: string): void {
    this.#keep(message);
    this.#to.debug(fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#keep(message);
    this.#to.info(fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#keep(message);
    this.#to.warn(fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#keep(message);
    this.#to.error(fields, message);
  }

  child(fields: LogFields): Logger {
    return new LogTail(this.#to.child(fields), this.#lines);
  }

  #keep(message: string): void {
    this.#lines.push(message);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
  }
}
