const NS_PER_UNIT: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n], // U+00B5, the micro sign
  ['μs', 1_000n], // U+03BC, the Greek letter
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);
const PART = /^(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/;
/** Go keeps durations in 63 bits. */
const MAX_NS = 2n ** 63n - 1n;

/**
 * Reads what Go's `time.ParseDuration` reads: `1h30m`, `-1.5s`, `250ms`, `0`.
 * @returns nanoseconds, `undefined` for anything else
 */
export function parseGoDuration(text: string): bigint | undefined {
  const isNegative = text.startsWith('-');
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0n;
  if (rest === '') return undefined;
  let sum = 0n;
  while (rest !== '') {
    const [whole, digits = '', fraction = '', unit = ''] = PART.exec(rest) ?? [];
    const scale = NS_PER_UNIT.get(unit);
    if (whole === undefined || scale === undefined || digits + fraction === '') return undefined;
    sum += BigInt(digits || '0') * scale + (BigInt(fraction || '0') * scale) / 10n ** BigInt(fraction.length);
    if (sum > MAX_NS) return undefined;
    rest = rest.slice(whole.length);
  }
  return isNegative ? -sum : sum;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Writes a duration of a millisecond or more as Go does: `30s`, `1m30s`, `1h0m0s`, `1.5s`, `250ms`. */
export function formatGoDuration(durationMs: number): string {
  const ms = Math.abs(durationMs);
  const sign = durationMs < 0 ? '-' : '';
  if (ms === 0) return '0s';
  if (ms < 1_000) return `${sign}${ms}ms`;
  const hours = Math.floor(ms / HOUR_MS);
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS);
  const seconds = `${Number(((ms % MINUTE_MS) / 1_000).toFixed(9))}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}
