const USUAL_LENGTH = 30;
const NANOS_PER_MS = 1_000_000;

let cachedSecond = '';
let cachedMs = 0;
let cachedNanos = 0n;

/** One moment in both measures, since 1970. */
export interface Moment {
  readonly milliseconds: number;
  readonly nanoseconds: bigint;
}

/** Reads a time such as `2026-01-31T12:00:00.123456789Z`; undefined when it is none. */
export function parseRfc3339Nano(text: string): Moment | undefined {
  // Entries of one second stand together; the date is read once for them.
  const second = text.slice(0, 19);
  if (second !== cachedSecond) {
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(second)) return undefined;
    const milliseconds = Date.parse(`${second}Z`);
    if (Number.isNaN(milliseconds)) return undefined;
    cachedSecond = second;
    cachedMs = milliseconds;
    cachedNanos = BigInt(milliseconds) * BigInt(NANOS_PER_MS);
  }
  if (text.length === USUAL_LENGTH && text[19] === '.' && text[29] === 'Z') {
    const nanos = Number(text.slice(20, 29));
    if (Number.isInteger(nanos) && nanos >= 0) return moment(nanos, 0);
  }
  const match = /^(?:\.(\d{1,9})\d*)?(?:Z|([+-])(\d\d):(\d\d))$/.exec(text.slice(19));
  if (match === null) return undefined;
  const [, fraction = '', sign, hours, minutes] = match;
  const offsetMs = sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * 60_000;
  return moment(Number(fraction.padEnd(9, '0')), sign === '+' ? -offsetMs : offsetMs);
}

function moment(nanos: number, shiftMs: number): Moment {
  return {
    milliseconds: cachedMs + shiftMs + Math.floor(nanos / NANOS_PER_MS),
    nanoseconds: cachedNanos + BigInt(shiftMs * NANOS_PER_MS + nanos),
  };
}
