import { type Channel, channel } from 'node:diagnostics_channel';

/** A container was started, or a start has failed: published on `libcontainerd:container-start`. */
export interface ContainerStartObservation {
  /** Which of the engines in this process: its `id`. */
  readonly engineId: string;
  /** `ok`, or the class of the error. */
  readonly outcome: string;
  /** From the call to the running state, with the wait for its turn. */
  readonly durationMs: number;
}

/**
 * A shim was started, or could not be: published on `libcontainerd:shim-start`. The start of a container that joins the shim of
 * its group is one too, since the shim's program is run for it.
 */
export interface ShimStartObservation {
  readonly api: 'v1' | 'v2';
  /** Ahead of the container that will use it. */
  readonly isWarm: boolean;
  readonly isStarted: boolean;
  readonly durationMs: number;
}

/** A kill that the kernel told of, once each: published on `libcontainerd:oom-kill`. */
export interface OomKillObservation {
  /** Which of the engines in this process: its `id`. */
  readonly engineId: string;
  readonly containerId: string;
  readonly kills: number;
}

/** A channel whose messages have one type. Costs nothing while nobody listens. */
export class ObservationChannel<T extends object> {
  readonly #channel: Channel;

  constructor(readonly name: string) {
    this.#channel = channel(name);
  }

  get hasSubscribers(): boolean {
    return this.#channel.hasSubscribers;
  }

  publish(observation: T): void {
    this.#channel.publish(observation);
  }

  /** @returns what ends it; idempotent */
  subscribe(listener: (observation: T) => void): () => void {
    // Channels carry anything; on this one nothing is published but by `publish`.
    const onMessage = (message: unknown) => listener(message as T);
    this.#channel.subscribe(onMessage);
    return () => {
      this.#channel.unsubscribe(onMessage);
    };
  }
}

export const CONTAINER_STARTS = new ObservationChannel<ContainerStartObservation>('libcontainerd:container-start');
export const SHIM_STARTS = new ObservationChannel<ShimStartObservation>('libcontainerd:shim-start');
export const OOM_KILLS = new ObservationChannel<OomKillObservation>('libcontainerd:oom-kill');
