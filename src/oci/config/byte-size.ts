const SIZE = /^(\d+\.?\d*|\.\d+) ?([a-z]*)$/i;
const SUFFIX = /^(?:([kmgtp])(?:i?b)?|b)?$/i;
const POWERS = 'kmgtp';

/** A size in bytes, or why it is none, in the words of go-units. */
export type ByteSize = { readonly bytes: number } | { readonly problem: string };

/**
 * Bytes of a size as people write it: `64m`, `1.5 GiB`, `512`. The letters of a unit do not choose its base, the option does, and
 * their case says nothing; a part of a byte is dropped (docker/go-units `size.go`). What no double holds exactly is no size.
 * @param base 1024 for memory (`RAMInBytes`), 1000 for files (`FromHumanSize`)
 */
export function readByteSize(text: string, base: 1000 | 1024): ByteSize {
  const [, number, suffix = ''] = SIZE.exec(text) ?? [];
  if (number === undefined) return { problem: `invalid size: '${text}'` };
  const unit = SUFFIX.exec(suffix);
  if (unit === null) return { problem: `invalid suffix: '${suffix}'` };
  const power = unit[1] === undefined ? 0 : POWERS.indexOf(unit[1].toLowerCase()) + 1;
  const bytes = Math.trunc(Number(number) * base ** power);
  return Number.isSafeInteger(bytes) ? { bytes } : { problem: `invalid size: '${text}'` };
}
