import { InvalidArgumentError } from '../../errdefs/index.js';
import { parseGoDuration } from '../go-duration.js';

const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;
const UNIX = /^([+-]?\d{1,18})(?:\.(\d+))?$/;
/** A date, perhaps with hours, minutes, seconds, a fraction, and a zone. */
const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?)?([Zz]|[+-]\d\d:\d\d)?$/;

/** A moment as people and clients give it. */
export type Timestamp = Date | bigint | number | string;

/**
 * Reads a moment: a Date; nanoseconds since 1970 (bigint); Unix seconds (number); or the text of `--since` and `--until`:
 * Unix seconds with a fraction, RFC 3339 or a part of it from the left (`2024-05-01`, `2024-05-01T10:00`; local time when
 * it names no zone), or a Go duration before now (`10m`, `-1h` lies ahead) (moby daemon/internal/timestamp).
 * @param now what a duration counts from. @default the time of the call
 * @returns nanoseconds since 1970
 * @throws InvalidArgumentError for anything else
 */
export function parseTimestamp(value: Timestamp, now: Date = new Date()): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return fromSeconds(value);
  if (value instanceof Date) return fromDate(value, value);
  // A plain 0 is the epoch, as for dockerd, though Go would take it for a duration.
  const duration = value === '0' ? undefined : parseGoDuration(value);
  if (duration !== undefined) return fromDate(now, value) - duration;
  return fromUnixText(value) ?? fromDateText(value);
}

function refuse(value: unknown): InvalidArgumentError {
  return new InvalidArgumentError(`failed to parse value as time or duration: ${JSON.stringify(String(value))}`);
}

function fromDate(date: Date, given: unknown): bigint {
  const ms = date.getTime();
  if (Number.isNaN(ms)) throw refuse(given);
  return BigInt(ms) * NS_PER_MS;
}

/** A number has no more than microseconds to give at the times we live in. */
function fromSeconds(seconds: number): bigint {
  if (!Number.isFinite(seconds)) throw refuse(seconds);
  const whole = Math.floor(seconds);
  return BigInt(whole) * NS_PER_SECOND + BigInt(Math.round((seconds - whole) * 1e6)) * 1_000n;
}

/** As dockerd adds them: the fraction counts forward, also after a negative number of seconds. */
function fromUnixText(text: string): bigint | undefined {
  const [, seconds, fraction = ''] = UNIX.exec(text) ?? [];
  return seconds === undefined ? undefined : BigInt(seconds) * NS_PER_SECOND + nanoseconds(fraction);
}

function fromDateText(text: string): bigint {
  const match = DATE.exec(text);
  if (match === null) throw refuse(text);
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = match;
  const parts = [year, month, day, hour, minute, second].map(Number);
  const [y = 0, mo = 1, d = 1, h = 0, mi = 0, s = 0] = parts;
  const isInRange = h < 24 && mi < 60 && s < 60 && d >= 1 && d <= daysIn(y, mo);
  if (mo < 1 || mo > 12 || !isInRange) throw refuse(text);
  const date = zone === undefined ? new Date(y, mo - 1, d, h, mi, s) : utc(y, mo, d, h, mi, s);
  // Two-digit years are what the constructor takes small ones for.
  if (zone === undefined) date.setFullYear(y);
  return fromDate(date, text) - offset(zone, text) + nanoseconds(fraction);
}

function utc(y: number, mo: number, d: number, h: number, mi: number, s: number): Date {
  const date = new Date(0);
  date.setUTCFullYear(y, mo - 1, d);
  date.setUTCHours(h, mi, s);
  return date;
}

function daysIn(year: number, month: number): number {
  return utc(year, month + 1, 0, 0, 0, 0).getUTCDate();
}

function offset(zone: string | undefined, text: string): bigint {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 0n;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4));
  if (hours > 23 || minutes > 59) throw refuse(text);
  const seconds = BigInt(hours * 3_600 + minutes * 60) * NS_PER_SECOND;
  return zone.startsWith('-') ? -seconds : seconds;
}

/** The digits after the point, to nine of them. */
function nanoseconds(fraction: string): bigint {
  return BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}
