import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidArgumentError } from '../../errdefs/index.js';
import { parseTimestamp, type Timestamp } from './timestamp.js';

const NOW = new Date('2024-05-01T12:00:00.250Z');

function ns(iso: string, more = 0n): bigint {
  return BigInt(Date.parse(iso)) * 1_000_000n + more;
}

function local(...parts: [number, number, number, number?, number?, number?]): bigint {
  const [y, mo, d, h = 0, mi = 0, s = 0] = parts;
  return BigInt(new Date(y, mo - 1, d, h, mi, s).getTime()) * 1_000_000n;
}

describe('parseTimestamp', () => {
  const good: readonly [string, Timestamp, bigint][] = [
    ['a Date', NOW, ns('2024-05-01T12:00:00.250Z')],
    ['nanoseconds', 1_714_564_800_000_000_001n, 1_714_564_800_000_000_001n],
    ['seconds', 1_714_564_800, ns('2024-05-01T12:00:00Z')],
    ['seconds with a fraction', 1_714_564_800.25, ns('2024-05-01T12:00:00.250Z')],
    ['the epoch', '0', 0n],
    ['text of seconds', '1714564800', ns('2024-05-01T12:00:00Z')],
    ['what the docker CLI sends', '1714564800.000000001', ns('2024-05-01T12:00:00Z', 1n)],
    ['a short fraction', '1714564800.5', ns('2024-05-01T12:00:00.500Z')],
    ['more digits than there are', '1.0000000019', 1_000_000_001n],
    ['RFC 3339', '2024-05-01T12:00:00Z', ns('2024-05-01T12:00:00Z')],
    ['RFC 3339 with nanoseconds', '2024-05-01T12:00:00.123456789Z', ns('2024-05-01T12:00:00Z', 123_456_789n)],
    ['an offset', '2024-05-01T14:00:00+02:00', ns('2024-05-01T12:00:00Z')],
    ['an offset to the west', '2024-05-01T06:30:00.5-05:30', ns('2024-05-01T12:00:00.5Z')],
    ['no seconds', '2024-05-01T12:00Z', ns('2024-05-01T12:00:00Z')],
    ['no minutes', '2024-05-01T12z', ns('2024-05-01T12:00:00Z')],
    ['a date with a zone', '2024-05-01Z', ns('2024-05-01T00:00:00Z')],
    ['a local date', '2024-05-01', local(2024, 5, 1)],
    ['a local time', '2024-05-01T10:20:30', local(2024, 5, 1, 10, 20, 30)],
    ['a local time with a fraction', '2024-05-01T10:20:30.000000007', local(2024, 5, 1, 10, 20, 30) + 7n],
    ['a leap day', '2024-02-29T00:00:00Z', ns('2024-02-29T00:00:00Z')],
    ["Go's zero time", '0001-01-01T00:00:00Z', ns('0001-01-01T00:00:00Z')],
    ['a duration', '10m', ns('2024-05-01T11:50:00.250Z')],
    ['a duration ahead', '-1h30m', ns('2024-05-01T13:30:00.250Z')],
    ['no duration at all', '0s', ns('2024-05-01T12:00:00.250Z')],
  ];
  for (const [what, value, expected] of good) {
    it(`reads ${what}`, () => assert.equal(parseTimestamp(value, NOW), expected));
  }

  const bad: readonly Timestamp[] = [
    '',
    ' ',
    'now',
    '2024-13-01',
    '2024-00-10',
    '2024-02-30',
    '2023-02-29',
    '2024-05-01T24:00:00Z',
    '2024-05-01T10:60',
    '2024-05-01T10:00:00+24:00',
    '2024-05-01 10:00',
    '1.2.3',
    '0x10',
    Number.NaN,
    new Date(Number.NaN),
  ];
  for (const value of bad) {
    it(`refuses ${JSON.stringify(String(value))}`, () => {
      assert.throws(() => parseTimestamp(value, NOW), InvalidArgumentError);
    });
  }
});
