import type { Logger } from '../../log/logger.js';
import type { EntryDecoder } from './entry-decoder.js';
import type { LogEntry } from './log-driver.js';
import { parseRfc3339Nano } from './rfc3339.js';

const NEWLINE = 0x0a;
/** No entry is longer: text of 16 KiB grows to 96 KiB, the rest are attributes. */
const MAX_ENTRY_BYTES = 4 * 1024 * 1024;
const ENTRY_START = '{"log":';

/**
 * Entries of Docker's json-file. What is none, a torn or overwritten line for one, is left out; when such a line ends with
 * a whole entry, as a kill and a restart of dockerd leave it, that one is read.
 */
export class JsonDecoder implements EntryDecoder {
  readonly #log: Logger;
  readonly #path: string;
  #carry: Buffer[] = [];
  #carryBytes = 0;
  #isOverlong = false;
  #skipped = 0;

  constructor(log: Logger, path: string) {
    this.#log = log;
    this.#path = path;
  }

  get hasRest(): boolean {
    return false;
  }

  push(block: Buffer): LogEntry[] {
    const entries: LogEntry[] = [];
    let at = 0;
    for (;;) {
      const newline = block.indexOf(NEWLINE, at);
      if (newline < 0) break;
      const line = this.#carryBytes > 0 ? this.#joined(block.subarray(at, newline)) : block.subarray(at, newline);
      if (this.#isOverlong) this.#isOverlong = false;
      else this.#decode(line, entries);
      at = newline + 1;
    }
    if (at < block.length) this.#keep(block.subarray(at));
    return entries;
  }

  at(): void {}

  endOfFile(): void {
    if (this.#carryBytes > 0) this.#skip();
    this.reset();
  }

  rest(): LogEntry[] {
    this.endOfFile();
    return [];
  }

  reset(): void {
    this.#carry = [];
    this.#carryBytes = 0;
    this.#isOverlong = false;
  }

  #keep(part: Buffer): void {
    if (this.#isOverlong) return;
    this.#carry.push(Buffer.from(part));
    this.#carryBytes += part.length;
    if (this.#carryBytes <= MAX_ENTRY_BYTES) return;
    this.#skip();
    this.reset();
    this.#isOverlong = true;
  }

  #joined(end: Buffer): Buffer {
    const line = Buffer.concat([...this.#carry, end]);
    this.#carry = [];
    this.#carryBytes = 0;
    return line;
  }

  #decode(line: Buffer, entries: LogEntry[]): void {
    const text = line.toString('utf8');
    let entry = parseEntry(text);
    if (entry === undefined) {
      this.#skip();
      const start = text.lastIndexOf(ENTRY_START);
      if (start > 0) entry = parseEntry(text.slice(start));
    }
    if (entry !== undefined) entries.push(entry);
  }

  #skip(): void {
    this.#skipped += 1;
    if (this.#skipped === 1) this.#log.warn({ path: this.#path }, 'leave out what is no entry of a log');
  }
}

function parseEntry(text: string): LogEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  // Go leaves an empty text out.
  const log = 'log' in value ? value.log : '';
  if (typeof log !== 'string' || !('stream' in value) || !('time' in value)) return undefined;
  const { stream, time } = value;
  if ((stream !== 'stdout' && stream !== 'stderr') || typeof time !== 'string') return undefined;
  const moment = parseRfc3339Nano(time);
  if (moment === undefined) return undefined;
  const attrs = 'attrs' in value ? stringsOf(value.attrs) : undefined;
  return {
    stream,
    time: new Date(moment.milliseconds),
    timeNano: moment.nanoseconds,
    line: Buffer.from(log),
    partial: !log.endsWith('\n'),
    ...(attrs === undefined ? {} : { attrs }),
  };
}

function stringsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const strings = Object.entries(value).filter((each): each is [string, string] => typeof each[1] === 'string');
  return Object.fromEntries(strings);
}
