import { randomUUID } from 'node:crypto';

/**
 * Numbers that JavaScript has only roughly, and that mean "no limit" in documents of Go programs: read and written again
 * they would be one too large for their type there, and the whole document refused.
 */
const LARGEST: ReadonlyMap<unknown, bigint> = new Map([
  [2 ** 64, 2n ** 64n - 1n],
  [2 ** 63, 2n ** 63n - 1n],
]);

/** What `JSON.stringify` makes of them. */
const ROUGHLY = /18446744073709552000|9223372036854776000/;

/** Nobody else's text has this in it. */
const MARK = randomUUID();
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g');

/** JSON for a Go program, of a document without `bigint`: 2^64 is written as the largest uint64, 2^63 as the largest int64. */
export function stringifyForGo(value: unknown): string {
  const text = JSON.stringify(value);
  return ROUGHLY.test(text) ? stringifyIntegersForGo(value) : text;
}

/** The same of a document with `bigint`, which becomes a plain number with all its digits. Takes twice as long. */
export function stringifyIntegersForGo(value: unknown): string {
  const text = JSON.stringify(value, (_key, each: unknown) => {
    const digits = typeof each === 'bigint' ? each : LARGEST.get(each);
    return digits === undefined ? each : `${MARK}${digits}`;
  });
  return text.replace(MARKED, '$1');
}
