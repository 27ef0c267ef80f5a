import { constants } from 'node:os';
import { InvalidArgumentError } from '../errdefs/index.js';

/** Of Linux with glibc, as in moby's `signal` package; `os.constants` does not name real-time signals. */
const RTMIN = 34;
const RTMAX = 64;

const NUMBERS: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals));

/**
 * The number of a signal given as number, name (`SIGTERM`, `TERM`), numeric text or real-time name (`SIGRTMIN+3`, the
 * stop signal of systemd images).
 * @throws InvalidArgumentError `ERR_SIGNAL_INVALID`
 */
export function signalNumber(signal: number | string): number {
  const number = typeof signal === 'number' ? signal : parse(signal);
  if (number === undefined || !Number.isInteger(number) || number < 1 || number > RTMAX) {
    throw new InvalidArgumentError(`check signal ${JSON.stringify(signal)}: it is not a known signal`, {
      code: 'ERR_SIGNAL_INVALID',
    });
  }
  return number;
}

function parse(text: string): number | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  const name = text.toUpperCase().replace(/^(?!SIG)/, 'SIG');
  const realTime = /^SIGRT(?:MIN(?:\+(\d{1,2}))?|MAX(?:-(\d{1,2}))?)$/.exec(name);
  if (realTime === null) return NUMBERS.get(name);
  const number = name.startsWith('SIGRTMIN') ? RTMIN + Number(realTime[1] ?? 0) : RTMAX - Number(realTime[2] ?? 0);
  return number >= RTMIN && number <= RTMAX ? number : undefined;
}
