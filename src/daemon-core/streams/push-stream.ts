import { cancellation, DeadlineExceededError, ResourceExhaustedError } from '../../errdefs/index.js';
import { listenForAbort } from '../../platform/abort.js';

/** The longest that `setTimeout` takes; past it, it fires at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export interface PushStreamOptions {
  /** What the reader does, for its errors: `read events`. */
  readonly what: string;
  /** How many values may wait. */
  readonly max: number;
  /** When one more comes: the stream fails with ResourceExhaustedError, or the oldest that waits is dropped. */
  readonly whenFull: 'fail' | 'drop-oldest';
  readonly signal?: AbortSignal | undefined;
  /** The stream fails with DeadlineExceededError when it is not over by then. @default never */
  readonly timeoutMs?: number | undefined;
}

type Waiter<T> = {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (err: Error) => void;
};

/**
 * Values for one consumer: what it has not taken yet, and how the stream ends. It takes values from the moment it is made,
 * whether or not anybody reads.
 */
export class PushStream<T extends object> implements AsyncIterableIterator<T> {
  readonly #options: PushStreamOptions;
  readonly #onEnd = new Set<() => void>();
  #queue: T[] = [];
  /** Of the first one not taken; moved forward in place of the whole queue. */
  #next = 0;
  readonly #waiters: Waiter<T>[] = [];
  #isOver = false;
  /** Given once, then the stream is merely over. */
  #error: Error | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #onAbort = () => this.fail(cancellation(this.#options.what, this.#options.signal?.reason));

  constructor(options: PushStreamOptions) {
    this.#options = options;
    const { what, signal, timeoutMs = Number.POSITIVE_INFINITY } = options;
    if (signal?.aborted) {
      this.#onAbort();
      return;
    }
    listenForAbort(signal, this.#onAbort);
    if (timeoutMs > TIMER_MAX_MS) return;
    this.#timer = setTimeout(() => {
      this.fail(new DeadlineExceededError(`${what}: not done within ${timeoutMs} ms`));
    }, timeoutMs);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Calls back once, when the stream is over for whatever reason; at once when it is. */
  onEnd(listener: () => void): void {
    if (this.#isOver) listener();
    else this.#onEnd.add(listener);
  }

  push(value: T): void {
    if (this.#isOver) return;
    const waiter = this.#waiters.shift();
    const { what, max, whenFull } = this.#options;
    const isFull = this.#queue.length - this.#next >= max;
    if (waiter !== undefined) {
      waiter.resolve({ done: false, value });
    } else if (isFull && whenFull === 'fail') {
      this.fail(new ResourceExhaustedError(`${what}: ${max} wait, the reader is too slow`));
    } else {
      if (isFull) this.#take();
      this.#queue.push(value);
    }
  }

  /** No more come; what waits can still be read. */
  end(): void {
    if (this.#isOver) return;
    this.#finish();
    for (const { resolve } of this.#waiters.splice(0)) resolve({ done: true, value: undefined });
  }

  /** What waits is dropped: the memory of a consumer that has stopped reading is free at once. */
  fail(err: Error): void {
    if (this.#isOver) return;
    this.#finish();
    this.#queue = [];
    this.#next = 0;
    const waiters = this.#waiters.splice(0);
    if (waiters.length === 0) this.#error = err;
    for (const { reject } of waiters) reject(err);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const value = this.#take();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#error !== undefined) {
      const err = this.#error;
      this.#error = undefined;
      return Promise.reject(err);
    }
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#queue = [];
    this.#next = 0;
    this.#error = undefined;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): T | undefined {
    const value = this.#queue[this.#next];
    if (value === undefined) return undefined;
    this.#next++;
    if (this.#next * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#next);
      this.#next = 0;
    }
    return value;
  }

  #finish(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    for (const listener of this.#onEnd) listener();
    this.#onEnd.clear();
  }
}
