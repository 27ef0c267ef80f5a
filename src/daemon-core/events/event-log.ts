import { InvalidArgumentError } from '../../errdefs/index.js';
import { Filters } from '../filters.js';
import type { EngineEvent, EngineEventType } from './engine-event.js';
import { matchesEvent } from './event-filter.js';
import { EventStream } from './event-stream.js';
import { parseTimestamp, type Timestamp } from './timestamp.js';

/** Four times what dockerd keeps. */
export const EVENTS_KEPT = 1_000;
const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;
/** The longest that `setTimeout` takes; past it, it fires at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export interface EventStreamRequest {
  /** Also what has happened at this moment or later, as far as it is kept. @default only what happens from now on */
  readonly since?: Timestamp | undefined;
  /** The stream ends then; at once, after what is kept, when it has passed. @default never */
  readonly until?: Timestamp | undefined;
  /** Keys and meaning as of `docker events --filter`. */
  readonly filters?: Filters | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How many events of a kind there were. */
export interface EventCount {
  readonly type: EngineEventType;
  /** Without what follows a colon: `exec_create`, `health_status`. */
  readonly action: string;
  readonly count: number;
}

/** What happens in an engine, for whoever listens: the last 1000 events and those to come. */
export class EventLog {
  readonly #kept: EngineEvent[] = [];
  readonly #counts = new Map<EngineEventType, Map<string, number>>();
  readonly #listeners = new Map<EventStream, (event: EngineEvent) => void>();
  #lastNano = 0n;
  #isClosed = false;

  /** All events ever published here, those that are not kept any more too. */
  counts(): EventCount[] {
    return [...this.#counts].flatMap(([type, byAction]) =>
      [...byAction].map(([action, count]) => ({ type, action, count })),
    );
  }

  /** Streams that are open. */
  get subscribers(): number {
    return this.#listeners.size;
  }

  /**
   * Tells all listeners. Its time is later than that of every event before, also when the clock is set back.
   * @param action `start`, `die`, `health_status: healthy`...
   * @param actorId '' when there is none
   */
  publish(
    type: EngineEventType,
    action: string,
    actorId: string,
    attributes: Readonly<Record<string, string>>,
  ): EngineEvent {
    const event = this.#make(type, action, actorId, { ...attributes });
    this.#count(type, action);
    if (this.#kept.length >= EVENTS_KEPT) this.#kept.shift();
    this.#kept.push(event);
    for (const tell of [...this.#listeners.values()]) tell(event);
    return event;
  }

  /**
   * Listens from this call on, not from the first read: nothing is missed or given twice between what is kept and what
   * comes. A stream that is not read to its end is let go of by `return()`, as a `for await` does, or by the signal.
   * @returns events from the oldest to the newest; it ends with `until` and with the engine. Its reader gets CanceledError
   * or DeadlineExceededError by the signal, ResourceExhaustedError when 65 536 events wait for it
   * @throws InvalidArgumentError for a `since` or `until` that is no moment, or when `since` is later than `until`
   */
  stream(request: EventStreamRequest = {}): AsyncIterableIterator<EngineEvent> {
    const { signal, filters = Filters.of() } = request;
    const now = new Date();
    const since = moment('since', request.since, now);
    const until = endOf(moment('until', request.until, now), request.until);
    if (since !== undefined && until !== undefined && until < since) {
      throw new InvalidArgumentError(
        `\`since\` time (${textOf(request.since)}) cannot be after \`until\` time (${textOf(request.until)})`,
      );
    }
    let timer: NodeJS.Timeout | undefined;
    const stream = new EventStream({
      signal,
      onEnd: (ended) => {
        clearTimeout(timer);
        this.#listeners.delete(ended);
      },
    });
    if (signal?.aborted) return stream;
    // As with dockerd, an `until` alone asks for the past as well.
    if (since !== undefined || until !== undefined) {
      for (const event of this.#kept) {
        const { timeNano } = event;
        if (timeNano < (since ?? 0n) || (until !== undefined && timeNano > until)) continue;
        if (matchesEvent(event, filters)) stream.push(event);
      }
    }
    const endAt = (end: bigint) => {
      const leftMs = Number(end / NS_PER_MS) - Date.now();
      if (leftMs <= 0) stream.end();
      else timer = setTimeout(() => endAt(end), Math.min(leftMs, TIMER_MAX_MS));
    };
    if (this.#isClosed || (until !== undefined && until <= BigInt(now.getTime()) * NS_PER_MS)) {
      stream.end();
      return stream;
    }
    this.#listeners.set(stream, (event) => {
      if (until !== undefined && event.timeNano > until) stream.end();
      else if (matchesEvent(event, filters)) stream.push(event);
    });
    if (until !== undefined) endAt(until);
    return stream;
  }

  /** Ends all streams, after what waits in them. Events can still be published, and are kept. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const stream of [...this.#listeners.keys()]) stream.end();
  }

  /** What follows the colon is a command line, for one: there is no end of those. */
  #count(type: EngineEventType, action: string): void {
    const colon = action.indexOf(':');
    const kind = colon === -1 ? action : action.slice(0, colon);
    const byAction = this.#counts.get(type) ?? new Map<string, number>();
    if (byAction.size === 0) this.#counts.set(type, byAction);
    byAction.set(kind, (byAction.get(kind) ?? 0) + 1);
  }

  #make(type: EngineEventType, action: string, id: string, attributes: Record<string, string>): EngineEvent {
    const now = BigInt(Date.now()) * NS_PER_MS;
    this.#lastNano = now > this.#lastNano ? now : this.#lastNano + 1n;
    const old = type === 'container' || type === 'image' ? { status: action, id } : {};
    const from = type === 'container' && attributes.image !== undefined ? { from: attributes.image } : {};
    return {
      ...old,
      ...from,
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Number(this.#lastNano / NS_PER_SECOND),
      timeNano: this.#lastNano,
    };
  }
}

function moment(what: string, value: Timestamp | undefined, now: Date): bigint | undefined {
  if (value === undefined || value === '') return undefined;
  try {
    return parseTimestamp(value, now);
  } catch (cause) {
    throw new InvalidArgumentError(`invalid value for '${what}'`, { cause });
  }
}

/** A Date knows no part of a millisecond: all events of it are meant. */
function endOf(until: bigint | undefined, given: Timestamp | undefined): bigint | undefined {
  return until !== undefined && given instanceof Date ? until + NS_PER_MS - 1n : until;
}

function textOf(value: Timestamp | undefined): string {
  return value instanceof Date ? value.toISOString() : String(value);
}
