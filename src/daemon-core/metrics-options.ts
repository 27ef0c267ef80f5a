import { InvalidArgumentError } from '../errdefs/index.js';
import { parseGoDuration } from './go-duration.js';

const NS_PER_MS = 1_000_000n;
/** The longest that a timer takes: 24.8 days. */
const INTERVAL_MAX_MS = 2 ** 31 - 1;

/** Where and how often a daemon shows its metrics: for `serveEngineMetrics`. */
export interface MetricsOptions {
  /** `HOST:PORT` of `/metrics`. @default nothing listens */
  readonly address?: string | undefined;
  /** Between two tables in the log. @default none is printed */
  readonly intervalMs?: number | undefined;
}

/** @param interval a Go duration; `0` is off */
export function metricsOptionsOf(address: string | undefined, interval: string | undefined): MetricsOptions {
  return {
    address: address === '' ? undefined : address,
    intervalMs: interval === undefined ? undefined : parseInterval(interval),
  };
}

/** @throws InvalidArgumentError `ERR_OPTION_INVALID` for what is no duration, is negative, below 1 ms, or above 24.8 days */
function parseInterval(text: string): number | undefined {
  const ns = parseGoDuration(text);
  if (ns === 0n) return undefined;
  const ms = ns === undefined ? Number.NaN : Number(ns / NS_PER_MS);
  if (ms >= 1 && ms <= INTERVAL_MAX_MS) return ms;
  throw new InvalidArgumentError(`metrics-interval ${JSON.stringify(text)} is no duration from 1ms to 596h, nor 0`, {
    code: 'ERR_OPTION_INVALID',
  });
}
