import type { Logger } from '../../log/logger.js';
import { type SampleOutcome, sampleRound } from './sample-round.js';
import type { SampleSource } from './sample-source.js';
import type { PreviousSample, SampledContainer, StatsSubscriber } from './sampled-container.js';

/** From the end of one round to the next, as moby's `daemon/stats/collector.go`. */
export const TICK_MS = 1_000;

/** A container that somebody listens to. */
interface Watched {
  readonly container: SampledContainer;
  readonly subscribers: Set<StatsSubscriber>;
  previous: PreviousSample | undefined;
  /** It is in the log that it has no sample. */
  isFailing: boolean;
}

/**
 * Samples the containers that somebody listens to, all with one call a tick, however many listen. While nobody does there is
 * no timer, no call and no memory of any container.
 */
export class StatsSampler {
  readonly #source: SampleSource;
  readonly #log: Logger;
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  /** Ends the round that is under way. */
  #round: AbortController | undefined;
  #isFailing = false;
  #isClosed = false;

  constructor(source: SampleSource, log: Logger) {
    this.#source = source;
    this.#log = log;
  }

  get source(): SampleSource {
    return this.#source;
  }

  /** Containers that are sampled. */
  get containers(): number {
    return this.#watched.size;
  }

  get subscribers(): number {
    let sum = 0;
    for (const { subscribers } of this.#watched.values()) sum += subscribers.size;
    return sum;
  }

  /**
   * From the next round on: one begins at once when nobody has listened before, else it comes within a second. All subscribers of a
   * container get the same object, an empty one in a round in which it does not run or could not be sampled.
   * @returns how to stop. Idempotent; `end` is not called then
   */
  subscribe(container: SampledContainer, subscriber: StatsSubscriber): () => void {
    if (this.#isClosed) {
      subscriber.end();
      return () => {};
    }
    const { id } = container;
    const watched = this.#watched.get(id) ?? {
      container,
      subscribers: new Set(),
      previous: undefined,
      isFailing: false,
    };
    this.#watched.set(id, watched);
    watched.subscribers.add(subscriber);
    // Not in this turn: whoever subscribes in it as well is in the first round.
    if (this.#round === undefined) this.#timer ??= setTimeout(() => this.#tick(), 0);
    return () => {
      watched.subscribers.delete(subscriber);
      if (watched.subscribers.size === 0) this.#forget(watched);
    };
  }

  /** The container is gone: so are its streams. */
  end(id: string): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    const subscribers = [...watched.subscribers];
    watched.subscribers.clear();
    this.#forget(watched);
    for (const subscriber of subscribers) subscriber.end();
  }

  /** Ends all streams. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const id of [...this.#watched.keys()]) this.end(id);
  }

  #tick(): void {
    this.#timer = undefined;
    const round = new AbortController();
    this.#round = round;
    void this.#sample(round);
  }

  async #sample(round: AbortController): Promise<void> {
    const error = await sampleRound(this.#source, [...this.#watched.values()], round.signal, (watched, outcome) => {
      if (this.#round === round && this.#watched.get(watched.container.id) === watched) this.#tell(watched, outcome);
    });
    // Nobody listens any more, or those who do have a round of their own.
    if (this.#round !== round) return;
    if (error !== undefined && !this.#isFailing) this.#log.warn({ err: error }, 'sample containers');
    this.#isFailing = error !== undefined;
    this.#round = undefined;
    this.#timer = setTimeout(() => this.#tick(), TICK_MS);
  }

  #tell(watched: Watched, { stats, run, error }: SampleOutcome): void {
    const { container, subscribers } = watched;
    if (error !== undefined && !watched.isFailing) {
      this.#log.warn({ err: error, containerId: container.id }, 'sample a container');
    }
    watched.isFailing = error !== undefined;
    watched.previous = run === undefined ? undefined : { run, stats };
    for (const subscriber of [...subscribers]) subscriber.next(stats);
  }

  #forget(watched: Watched): void {
    const { id } = watched.container;
    if (this.#watched.get(id) === watched) this.#watched.delete(id);
    if (this.#watched.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#round?.abort();
    this.#round = undefined;
    this.#isFailing = false;
  }
}
