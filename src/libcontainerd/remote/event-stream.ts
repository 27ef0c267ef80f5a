import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type EngineError, isUnavailable, UnavailableError } from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import { EventsDefinition } from '../../protocol/gen/containerd/services/events.js';
import type { Envelope } from '../../protocol/gen/containerd/types/types.js';
import type { GrpcChannel } from '../../protocol/grpc/channel.js';

const MARKER_TOPIC = '/libcontainerd/subscribed';
const BACKOFF_FIRST_MS = 50;
const BACKOFF_MAX_MS = 1_000;
/** How long a marker may take: containerd answers at once or is not well. */
const MARKER_TIMEOUT_MS = 10_000;

export type EventStreamState = 'idle' | 'subscribing' | 'live' | 'waiting' | 'closed';

export interface EventStreamOptions {
  readonly channel: GrpcChannel;
  readonly namespace: string;
  readonly log: Logger;
  readonly onEnvelope: (envelope: Envelope) => void;
  /** The subscription is proven to be in force; `attempt` 1 is the first. From here on nothing is missed. */
  readonly onLive: (attempt: number) => void;
}

/**
 * One filtered subscription, made again whenever it ends, with a short growing delay (moby 906007f6c1, 1acaf2aabe: an old
 * subscription must be cancelled, and a loop without delay floods the log).
 *
 * containerd does not say when a subscription is in force. So the filter also lets a marker through that only this
 * stream asks for; when the marker has come back, everything that happens from then on comes too, and what a list says
 * afterwards closes the gap.
 */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #abort = new AbortController();
  #state: EventStreamState = 'idle';
  #attempts = 0;
  #running: Promise<void> | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  get state(): EventStreamState {
    return this.#state;
  }

  /** How often a subscription came into force. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Resolves when the first subscription is in force. @throws the first error: the caller decides whether to go on */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#running = this.#loop(resolve, reject);
    });
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    this.#abort.abort();
    await this.#running;
  }

  async #loop(onFirst: () => void, onFirstFailed: (err: unknown) => void): Promise<void> {
    let backoffMs = BACKOFF_FIRST_MS;
    while (this.#state !== 'closed') {
      this.#state = 'subscribing';
      let wasLive = false;
      try {
        await this.#subscribeOnce(() => {
          wasLive = true;
          onFirst();
        });
      } catch (err) {
        if (this.#isClosed()) break;
        if (this.#attempts === 0) {
          this.#state = 'closed';
          onFirstFailed(err);
          return;
        }
        const fields = { err, namespace: this.#options.namespace };
        if (wasLive || !isUnavailable(err)) this.#options.log.warn(fields, 'the event stream broke');
      }
      if (this.#isClosed()) break;
      if (wasLive) backoffMs = BACKOFF_FIRST_MS;
      this.#state = 'waiting';
      await delay(backoffMs * (0.75 + Math.random() / 2), undefined, { signal: this.#abort.signal }).catch(() => {});
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS);
    }
    onFirstFailed(new UnavailableError('subscribe to events: the client was closed meanwhile'));
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  async #subscribeOnce(onLive: () => void): Promise<void> {
    const { channel, namespace, onEnvelope } = this.#options;
    const topic = `${MARKER_TOPIC}/${randomBytes(8).toString('hex')}`;
    // One string with a comma is a logical AND; two strings are OR.
    const filters = [`namespace=="${namespace}",topic~=|^/tasks/|`, `topic=="${topic}"`];
    const ours = new AbortController();
    const signal = AbortSignal.any([this.#abort.signal, ours.signal]);
    let markerError: EngineError | undefined;
    const stream = channel.stream(EventsDefinition, 'subscribe', { filters }, { signal });
    const iterator = stream[Symbol.asyncIterator]();
    const firstMessage = iterator.next();
    // Sent after the subscribe on the same connection; repeated until it is seen, since the server may take it first.
    const marking = this.#mark(topic, signal).catch((err: EngineError) => {
      markerError = err;
      ours.abort();
    });
    try {
      let isLive = false;
      for (let next = await firstMessage; next.done !== true; next = await iterator.next()) {
        const envelope = next.value;
        if (envelope.topic !== topic) onEnvelope(envelope);
        else if (!isLive) {
          isLive = true;
          this.#markerSeen();
          this.#attempts++;
          this.#state = this.#isClosed() ? 'closed' : 'live';
          onLive();
          this.#options.onLive(this.#attempts);
        }
      }
      throw new UnavailableError('read events: containerd ended the stream');
    } catch (err) {
      throw markerError ?? err;
    } finally {
      ours.abort();
      this.#markerSeen();
      await marking;
    }
  }

  #markerSeen: () => void = () => {};

  async #mark(topic: string, signal: AbortSignal): Promise<void> {
    const seen = new Promise<void>((resolve) => {
      this.#markerSeen = resolve;
    });
    let isSeen = false;
    void seen.then(() => {
      isSeen = true;
    });
    const deadline = Date.now() + MARKER_TIMEOUT_MS;
    for (let waitMs = 5; !isSeen && !signal.aborted; waitMs = Math.min(waitMs * 2, 500)) {
      const left = deadline - Date.now();
      if (left <= 0) throw new UnavailableError('subscribe to events: containerd takes calls but sends no events');
      const event = { typeUrl: 'libcontainerd.Subscribed', value: Buffer.alloc(0) };
      await this.#options.channel.unary(EventsDefinition, 'publish', { topic, event }, { signal, timeoutMs: left });
      const timer = new AbortController();
      await Promise.race([seen, delay(waitMs, undefined, { signal: timer.signal }).catch(() => {})]);
      timer.abort();
    }
  }
}
