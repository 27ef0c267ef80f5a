import { cancellation, EngineError, InvalidArgumentError, toEngineError } from '../../errdefs/index.js';
import { listenForAbort } from '../../platform/abort.js';
import type { LogEntry, ReadLogsOptions } from './log-driver.js';

/** A clock of the file system may be behind by a tick. */
const CLOCK_SLACK_MS = 1_000;
const MAX_TIMER_MS = 0x7fff_ffff;

/** Reading options, as nanoseconds and without gaps. */
export interface ReadPlan {
  readonly sinceNano: bigint | undefined;
  readonly untilNano: bigint | undefined;
  readonly tail: number | 'all';
  readonly follow: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Files that were changed last before this hold nothing that is asked for; milliseconds since 1970. */
  readonly changedSinceMs: number | undefined;
}

/** @throws InvalidArgumentError when no stream is wanted, in Docker's words; a negative tail means all, as there */
export function planRead(options: ReadLogsOptions): ReadPlan {
  const { stdout = true, stderr = true, follow = false, tail = 'all' } = options;
  if (!stdout && !stderr) {
    throw new InvalidArgumentError('You must choose at least one stream', { code: 'ERR_OPTION_INVALID' });
  }
  const sinceNano = nanosOf(options.since);
  return {
    sinceNano,
    untilNano: nanosOf(options.until),
    tail: tail === 'all' || !(tail >= 0) ? 'all' : Math.floor(tail),
    follow,
    stdout,
    stderr,
    changedSinceMs: sinceNano === undefined ? undefined : Number(sinceNano / 1_000_000n) - CLOCK_SLACK_MS,
  };
}

function nanosOf(time: Date | bigint | undefined): bigint | undefined {
  return time instanceof Date ? BigInt(time.getTime()) * 1_000_000n : time;
}

/**
 * What of the entries was asked for. `since` holds till the first entry that is late enough; the first one after `until`
 * is the end (moby `daemon/logger/loggerutils/logfile.go`: times need not rise, after a clock was set for one).
 */
export async function* choose(groups: AsyncIterable<LogEntry[]>, plan: ReadPlan): AsyncGenerator<LogEntry> {
  let { sinceNano } = plan;
  for await (const entries of groups) {
    for (const entry of entries) {
      if (sinceNano !== undefined && entry.timeNano < sinceNano) continue;
      sinceNano = undefined;
      if (plan.untilNano !== undefined && entry.timeNano > plan.untilNano) return;
      if (entry.stream === 'stdout' ? plan.stdout : plan.stderr) yield entry;
    }
  }
}

/**
 * Makes the iterable of one read. Each iteration has a signal of its own: it fires when the caller's does, when the log is
 * closed, when `until` has come in a follow, and when the iteration is given up while a `next` waits.
 * @param closed the log's
 * @throws CanceledError, DeadlineExceededError from `next`, by the caller's signal only
 */
export function readable(
  options: ReadLogsOptions,
  closed: AbortSignal,
  read: (plan: ReadPlan, signal: AbortSignal) => AsyncIterable<LogEntry[]>,
): AsyncIterable<LogEntry> {
  return { [Symbol.asyncIterator]: () => iterate(options, closed, read) };
}

function iterate(
  options: ReadLogsOptions,
  closed: AbortSignal,
  read: (plan: ReadPlan, signal: AbortSignal) => AsyncIterable<LogEntry[]>,
): AsyncIterator<LogEntry> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  const { signal } = options;

  async function* entries(): AsyncGenerator<LogEntry> {
    const plan = planRead(options);
    if (signal?.aborted) throw cancellation('read logs', signal.reason);
    if (closed.aborted) return;
    listenForAbort(signal, end);
    listenForAbort(closed, end);
    const { follow, untilNano } = plan;
    const untilMs = untilNano === undefined ? MAX_TIMER_MS : Number(untilNano / 1_000_000n) + 1 - Date.now();
    // One who follows to a time gets the end then, even if nothing more is written.
    const timer = follow && untilMs < MAX_TIMER_MS ? setTimeout(end, Math.max(0, untilMs)) : undefined;
    try {
      for await (const entry of choose(read(plan, stop.signal), plan)) {
        if (signal?.aborted) break;
        yield entry;
      }
      if (signal?.aborted) throw cancellation('read logs', signal.reason);
    } catch (err) {
      throw err instanceof EngineError ? err : toEngineError(err, 'read logs');
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      closed.removeEventListener('abort', end);
    }
  }

  const iterator = entries();
  return {
    next: () => iterator.next(),
    return: () => {
      stop.abort();
      return iterator.return(undefined);
    },
  };
}
