import { randomUUID } from 'node:crypto';

/**
 * Numbers that JavaScript has only roughly, and that mean "no limit" in documents of Go programs: read and written again
 * they would be one too large for their type there, and the whole document refused.
 */
const LARGEST: readonly (readonly [value: number, writtenAs: string])[] = [
  [2 ** 64, '18446744073709551615'],
  [2 ** 63, '9223372036854775807'],
];

/** What `JSON.stringify` makes of them. */
const ROUGHLY = /18446744073709552000|9223372036854776000/;

/** JSON for a Go program: 2^64 is written as the largest uint64, 2^63 as the largest int64. */
export function stringifyForGo(value: unknown): string {
  const text = JSON.stringify(value);
  if (!ROUGHLY.test(text)) return text;
  const mark = randomUUID();
  const marked = JSON.stringify(value, (_key, each: unknown) => {
    const index = LARGEST.findIndex(([largest]) => largest === each);
    return index < 0 ? each : `${mark}${index}`;
  });
  return LARGEST.reduce((json, [, writtenAs], index) => json.replaceAll(`"${mark}${index}"`, writtenAs), marked);
}
