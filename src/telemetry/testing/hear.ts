import type { ObservationChannel } from '../observations.js';

/** Collects what is published on a channel until `stop`. */
export function hear<T extends object>(channel: ObservationChannel<T>): { heard: T[]; stop: () => void } {
  const heard: T[] = [];
  const stop = channel.subscribe((observation) => heard.push(observation));
  return { heard, stop };
}
