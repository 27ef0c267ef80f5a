/**
 * What is spoken on the keeper's socket. A request is a line of words with a blank between them, each percent-encoded;
 * each gets one line back, in order: `ok` with words, or `error` with an errno and a text.
 *
 * | request | reply | effect |
 * |---|---|---|
 * | `ping` | `ok <protocol> <pid> <descriptors held> <limit of descriptors>` | |
 * | `hold KEY PATH...` | `ok` | opens the read ends; those that the key held before are closed afterwards |
 * | `release KEY` | `ok` | closes them; also when there are none |
 * | `list` | `ok KEY,PATH,... ...` | |
 *
 * A keeper outlives upgrades of the engine: what is here stays as it is.
 */
export const PROTOCOL_VERSION = '1';

export function encodeWords(words: readonly string[]): string {
  return `${words.map(encodeURIComponent).join(' ')}\n`;
}

/** @throws URIError when a word is not encoded as it should be */
export function decodeWords(line: string): string[] {
  return line === '' ? [] : line.split(' ').map(decodeURIComponent);
}

export function encodeHeld(held: Iterable<readonly [string, readonly string[]]>): string {
  const entries = Array.from(held, ([key, paths]) => [key, ...paths].map(encodeURIComponent).join(','));
  return `${['ok', ...entries].join(' ')}\n`;
}

/** @param words the undecoded ones after `ok` */
export function decodeHeld(words: readonly string[]): Map<string, string[]> {
  return new Map(
    words.map((word) => {
      const [key = '', ...paths] = word.split(',').map(decodeURIComponent);
      return [key, paths];
    }),
  );
}
