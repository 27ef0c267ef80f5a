import { cancellation, ResourceExhaustedError } from '../../errdefs/index.js';
import { listenForAbort } from '../../platform/abort.js';
import type { EngineEvent } from './engine-event.js';

/** How many events may wait for one consumer. */
export const EVENTS_WAITING_MAX = 65_536;

export interface EventStreamOptions {
  readonly signal: AbortSignal | undefined;
  /** Called once, when the stream is over for whatever reason. */
  readonly onEnd: (stream: EventStream) => void;
}

type Waiter = {
  readonly resolve: (result: IteratorResult<EngineEvent, undefined>) => void;
  readonly reject: (err: Error) => void;
};

/**
 * The events for one consumer: what it has not taken yet, and how the stream ends. It takes events from the moment it is
 * made, whether or not anybody reads.
 */
export class EventStream implements AsyncIterableIterator<EngineEvent> {
  readonly #options: EventStreamOptions;
  #queue: EngineEvent[] = [];
  /** Of the first one not taken; moved forward in place of the whole queue. */
  #next = 0;
  readonly #waiters: Waiter[] = [];
  #isOver = false;
  /** Given once, then the stream is merely over. */
  #error: Error | undefined;
  readonly #onAbort = () => this.#fail(cancellation('read events', this.#options.signal?.reason));

  constructor(options: EventStreamOptions) {
    this.#options = options;
    if (options.signal?.aborted) this.#onAbort();
    else listenForAbort(options.signal, this.#onAbort);
  }

  push(event: EngineEvent): void {
    if (this.#isOver) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve({ done: false, value: event });
    } else if (this.#queue.length - this.#next >= EVENTS_WAITING_MAX) {
      this.#fail(new ResourceExhaustedError(`read events: ${EVENTS_WAITING_MAX} events wait, the reader is too slow`));
    } else {
      this.#queue.push(event);
    }
  }

  /** No more events come; what waits can still be read. */
  end(): void {
    if (this.#isOver) return;
    this.#finish();
    for (const { resolve } of this.#waiters.splice(0)) resolve({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<EngineEvent, undefined>> {
    const event = this.#queue[this.#next];
    if (event !== undefined) {
      this.#next++;
      if (this.#next * 2 > this.#queue.length) {
        this.#queue = this.#queue.slice(this.#next);
        this.#next = 0;
      }
      return Promise.resolve({ done: false, value: event });
    }
    if (this.#error !== undefined) {
      const err = this.#error;
      this.#error = undefined;
      return Promise.reject(err);
    }
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<EngineEvent, undefined>> {
    this.#queue = [];
    this.#next = 0;
    this.#error = undefined;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** What waits is dropped: the memory of a consumer that has stopped reading is free at once. */
  #fail(err: Error): void {
    if (this.#isOver) return;
    this.#finish();
    this.#queue = [];
    this.#next = 0;
    const waiters = this.#waiters.splice(0);
    if (waiters.length === 0) this.#error = err;
    for (const { reject } of waiters) reject(err);
  }

  #finish(): void {
    this.#isOver = true;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#options.onEnd(this);
  }
}
