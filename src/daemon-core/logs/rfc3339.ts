let cachedSecond = '';
let cachedNanos = 0n;

/** Nanoseconds since 1970 of a time such as `2026-01-31T12:00:00.123456789Z`; undefined when it is none. */
export function parseRfc3339Nano(text: string): bigint | undefined {
  // Entries of one second stand together; the date is read once for them.
  const second = text.slice(0, 19);
  if (second !== cachedSecond) {
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(second)) return undefined;
    const milliseconds = Date.parse(`${second}Z`);
    if (Number.isNaN(milliseconds)) return undefined;
    cachedSecond = second;
    cachedNanos = BigInt(milliseconds) * 1_000_000n;
  }
  const match = /^(?:\.(\d{1,9})\d*)?(?:Z|([+-])(\d\d):(\d\d))$/.exec(text.slice(19));
  if (match === null) return undefined;
  const [, fraction = '', sign, hours, minutes] = match;
  const nanos = cachedNanos + BigInt(Number(fraction.padEnd(9, '0')));
  if (sign === undefined) return nanos;
  const offset = BigInt(Number(hours) * 60 + Number(minutes)) * 60_000_000_000n;
  return sign === '+' ? nanos - offset : nanos + offset;
}
