import { InvalidArgumentError } from '../../errdefs/index.js';

const POWERS: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * Bytes of a size as it is written for a log: a number, a space if wanted, and `b`, or one of `kmgtp` with `b` or `ib` if
 * wanted, in any case. The letters of a unit do not choose its base, the option does (go-units `size.go`).
 * @param base 1000 or 1024
 * @throws InvalidArgumentError `ERR_OPTION_INVALID`
 */
export function parseSize(text: string, base: 1000 | 1024): number {
  const match = /^(\d+\.?\d*|\.\d+) ?([a-z]*)$/i.exec(text);
  if (match === null) throw new InvalidArgumentError(`invalid size: '${text}'`, { code: 'ERR_OPTION_INVALID' });
  const suffix = (match[2] ?? '').toLowerCase();
  const power = /^b?$/.test(suffix) ? 0 : POWERS[/^([kmgtp])(b|ib)?$/.exec(suffix)?.[1] ?? ''];
  if (power === undefined) {
    throw new InvalidArgumentError(`invalid suffix: '${match[2]}'`, { code: 'ERR_OPTION_INVALID' });
  }
  return Math.trunc(Number(match[1]) * base ** power);
}
