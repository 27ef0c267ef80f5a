import PQueue from 'p-queue';
import { CanceledError, ResourceExhaustedError } from '../errdefs/index.js';
import type { ContainerEvent, EventHandler, EventsOptions, Subscription } from './event.js';

/** An iterator that nobody drains must not eat the heap: past this many events it fails rather than skip any. */
const ITERATOR_BACKLOG_MAX = 65_536;

export interface DispatchLog {
  error(fields: Record<string, unknown>, message: string): void;
}

/**
 * Hands events to subscribers: in order for one container, side by side for different ones, as moby's
 * `libcontainerd/queue` does. A queue exists while its container has events waiting.
 */
export class EventDispatch {
  readonly #subscribers = new Set<Subscriber>();
  readonly #gapListeners = new Map<Subscriber, () => void>();
  readonly #log: DispatchLog;
  #closed = false;

  constructor(log: DispatchLog) {
    this.#log = log;
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  publish(event: ContainerEvent): void {
    for (const subscriber of this.#subscribers) {
      if (event.run === undefined && !subscriber.foreign) continue;
      subscriber.push(event);
    }
  }

  /** Tells those who want to know that events may have been lost. */
  gap(): void {
    for (const onGap of this.#gapListeners.values()) {
      try {
        onGap();
      } catch (err) {
        this.#log.error({ err }, 'a handler of gaps failed');
      }
    }
  }

  subscribe(handler: EventHandler, options: EventsOptions = {}): Subscription {
    this.#assertOpen();
    const subscriber = new Subscriber(handler, options.foreign ?? false, this.#log);
    this.#subscribers.add(subscriber);
    if (options.onGap !== undefined) this.#gapListeners.set(subscriber, options.onGap);
    return {
      close: async () => {
        this.#gapListeners.delete(subscriber);
        this.#subscribers.delete(subscriber);
        await subscriber.stop();
      },
    };
  }

  /** Events from this call on; reading may begin later. */
  events(
    options: EventsOptions & { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<ContainerEvent> {
    this.#assertOpen();
    let backlog: ContainerEvent[] = [];
    let taken = 0;
    let wake: () => void = () => {};
    let isOverrun = false;
    const push = (event: ContainerEvent) => {
      if (backlog.length - taken >= ITERATOR_BACKLOG_MAX) isOverrun = true;
      else backlog.push(event);
      wake();
    };
    const subscriber: Subscriber = new DirectSubscriber(push, options.foreign ?? false, this.#log, () => wake());
    this.#subscribers.add(subscriber);
    const onAbort = () => wake();
    options.signal?.addEventListener('abort', onAbort);
    const end = () => {
      options.signal?.removeEventListener('abort', onAbort);
      this.#subscribers.delete(subscriber);
    };
    const step = async (): Promise<IteratorResult<ContainerEvent>> => {
      for (;;) {
        if (options.signal?.aborted) {
          end();
          throw new CanceledError('read events: the caller cancelled', { cause: options.signal.reason });
        }
        const event = backlog[taken];
        if (event !== undefined) {
          // Array.shift() of a long backlog costs as much as the backlog is long, each time.
          if (++taken === backlog.length) {
            backlog = [];
            taken = 0;
          }
          return { done: false, value: event };
        }
        if (isOverrun) {
          end();
          throw new ResourceExhaustedError(`read events: the reader fell ${ITERATOR_BACKLOG_MAX} events behind`);
        }
        if (subscriber.stopped) {
          end();
          return { done: true, value: undefined };
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    // One after another, as a generator does: two readers at once must not wait for the same wake-up.
    let last: Promise<unknown> = Promise.resolve();
    const iterator: AsyncIterableIterator<ContainerEvent> = {
      next: () => {
        const result = last.then(step);
        last = result.catch(() => {});
        return result;
      },
      return: async () => {
        await subscriber.stop();
        end();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** Takes no more events; resolves when every handler has had those queued. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#gapListeners.clear();
    const subscribers = [...this.#subscribers];
    this.#subscribers.clear();
    await Promise.all(subscribers.map((subscriber) => subscriber.drain()));
  }

  /** Drops what is queued. */
  destroy(): void {
    this.#closed = true;
    this.#gapListeners.clear();
    for (const subscriber of this.#subscribers) void subscriber.stop();
    this.#subscribers.clear();
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new CanceledError('subscribe to events: the client is closed', { code: 'ERR_CLIENT_CLOSED' });
  }
}

class Subscriber {
  readonly foreign: boolean;
  stopped = false;
  readonly #handler: EventHandler;
  readonly #log: DispatchLog;
  readonly #queues = new Map<string, PQueue>();

  constructor(handler: EventHandler, foreign: boolean, log: DispatchLog) {
    this.#handler = handler;
    this.foreign = foreign;
    this.#log = log;
  }

  push(event: ContainerEvent): void {
    if (this.stopped) return;
    const queue = this.#queueOf(event.containerId);
    queue.add(() => this.#deliver(event)).catch((err: unknown) => this.#report(event, err));
  }

  /** Waits for everything queued. */
  async drain(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.onIdle()));
    this.stopped = true;
  }

  /** Drops everything queued, waits for handlers that run. */
  async stop(): Promise<void> {
    this.stopped = true;
    const queues = [...this.#queues.values()];
    for (const queue of queues) queue.clear();
    await Promise.all(queues.map((queue) => queue.onIdle()));
  }

  #queueOf(containerId: string): PQueue {
    const existing = this.#queues.get(containerId);
    if (existing !== undefined) return existing;
    const queue = new PQueue({ concurrency: 1 });
    queue.on('idle', () => {
      if (this.#queues.get(containerId) === queue) this.#queues.delete(containerId);
    });
    this.#queues.set(containerId, queue);
    return queue;
  }

  async #deliver(event: ContainerEvent): Promise<void> {
    try {
      await this.#handler(event);
    } catch (err) {
      this.#report(event, err);
    }
  }

  #report(event: ContainerEvent, err: unknown): void {
    this.#log.error({ err, containerId: event.containerId, type: event.type }, 'an event handler failed');
  }
}

/** For iterators: no queue, the iterator is the queue. */
class DirectSubscriber extends Subscriber {
  readonly #push: (event: ContainerEvent) => void;
  readonly #onStop: () => void;

  constructor(push: (event: ContainerEvent) => void, foreign: boolean, log: DispatchLog, onStop: () => void) {
    super(push, foreign, log);
    this.#push = push;
    this.#onStop = onStop;
  }

  override push(event: ContainerEvent): void {
    if (!this.stopped) this.#push(event);
  }

  override async drain(): Promise<void> {
    this.stopped = true;
    this.#onStop();
  }

  override async stop(): Promise<void> {
    await this.drain();
  }
}
