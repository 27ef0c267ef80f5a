import { cancellation, DeadlineExceededError, type EngineError } from '../../errdefs/index.js';
import { listenForAbort } from '../../platform/abort.js';
import { MAX_STREAM_ID } from './frame.js';
import type { IncomingResponse } from './response.js';

/** The longest that `setTimeout` takes; past it, it fires at once. About 25 days. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** What becomes of one call. Exactly one of the two is called, once. */
export interface CallOutcome {
  /** For messages: `call Task/State`. */
  readonly what: string;
  answer(response: IncomingResponse): void;
  fail(err: EngineError): void;
}

export interface CallLimits {
  readonly signal: AbortSignal | undefined;
  /** `Infinity` waits for ever. */
  readonly timeoutMs: number;
}

interface PendingCall {
  readonly outcome: CallOutcome;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: (() => void) | undefined;
  readonly timer: NodeJS.Timeout | undefined;
}

/**
 * The calls that wait for an answer, by stream id. An entry leaves with its answer, at its deadline, when its signal
 * fires, or with all others at the end of the connection; the server is told of none of these.
 */
export class PendingCalls {
  readonly #calls = new Map<number, PendingCall>();
  #nextId: number;

  /** @param firstId odd; for tests */
  constructor(firstId = 1) {
    this.#nextId = firstId;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Ids are not used again, so a connection ends some day: after two thousand million calls. */
  get hasIds(): boolean {
    return this.#nextId <= MAX_STREAM_ID;
  }

  /** Whether a call has ever had this id; one that was given up has no entry any more. */
  knew(id: number): boolean {
    return id % 2 === 1 && id < this.#nextId;
  }

  /** Enters a call and gives its id. The frame must be queued before anything else can ask for an id. */
  open(outcome: CallOutcome, { signal, timeoutMs }: CallLimits): number {
    const id = this.#nextId;
    this.#nextId += 2;
    const giveUp = (err: EngineError) => this.#take(id)?.outcome.fail(err);
    const onAbort = signal && (() => giveUp(cancellation(outcome.what, signal.reason)));
    const onTimeout = () =>
      giveUp(new DeadlineExceededError(`${outcome.what}: no answer within ${Math.round(timeoutMs)} ms`));
    const isBounded = timeoutMs !== Number.POSITIVE_INFINITY;
    const timer = isBounded ? setTimeout(onTimeout, Math.min(timeoutMs, TIMER_MAX_MS)) : undefined;
    this.#calls.set(id, { outcome, signal, onAbort, timer });
    if (onAbort !== undefined) listenForAbort(signal, onAbort);
    return id;
  }

  /** False when nobody waits: the answer is late, and dropped. */
  answer(id: number, response: IncomingResponse): boolean {
    const call = this.#take(id);
    call?.outcome.answer(response);
    return call !== undefined;
  }

  /** False when nobody waits. `makeError` gets the text that says which call. */
  fail(id: number, makeError: (what: string) => EngineError): boolean {
    const call = this.#take(id);
    call?.outcome.fail(makeError(call.outcome.what));
    return call !== undefined;
  }

  failAll(makeError: (what: string) => EngineError): void {
    for (const id of [...this.#calls.keys()]) this.fail(id, makeError);
  }

  #take(id: number): PendingCall | undefined {
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    this.#calls.delete(id);
    clearTimeout(call.timer);
    if (call.onAbort !== undefined) call.signal?.removeEventListener('abort', call.onAbort);
    return call;
  }
}
