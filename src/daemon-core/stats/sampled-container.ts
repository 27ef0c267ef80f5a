import type { ContainerStats } from '../../stats/container-stats.js';

/** One run of a container, as far as a sample needs to know it. */
export interface SampledRun {
  /** Another run has another number: its counters begin anew. */
  readonly number: number;
  /** A process whose network interfaces are the container's own; `undefined` when it has none of its own. */
  readonly networkPid: number | undefined;
}

/** What the sampler must know of a container, as it is at the moment of asking. */
export interface SampledContainer {
  readonly id: string;
  /** With a slash. */
  readonly name: string;
  /** `undefined` while nothing runs. */
  readonly run: SampledRun | undefined;
}

/** The last sample of a run, for `precpu_stats` of the next one. */
export interface PreviousSample {
  readonly run: number;
  readonly stats: ContainerStats;
}

/** Gets what is sampled of one container. */
export interface StatsSubscriber {
  next(stats: ContainerStats): void;
  /** The container is removed, or the engine closes. Called once, unless it was unsubscribed before. */
  end(): void;
}
