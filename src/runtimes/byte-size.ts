const SIZE = /^(\d+(?:\.\d*)?|\.\d+) ?(?:([kmgtp])(?:i?b)?|b)?$/i;
const POWERS = 'kmgtp';

/**
 * Bytes of a size as people write it: `64m`, `1.5 GiB`, `512`. Units are powers of 1024, in any case; a part of a byte is
 * dropped (docker/go-units `RAMInBytes`).
 * @returns `undefined` for what is no size
 */
export function parseByteSize(text: string): number | undefined {
  const [, number, unit = ''] = SIZE.exec(text) ?? [];
  if (number === undefined) return undefined;
  const power = unit === '' ? 0 : POWERS.indexOf(unit.toLowerCase()) + 1;
  const bytes = Math.trunc(Number(number) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
