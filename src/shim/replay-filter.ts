import { createHash } from 'node:crypto';
import type { Envelope } from '../protocol/gen/containerd/types/types.js';

const WINDOW_MS = 60_000;
const MAX_REMEMBERED = 8_192;

/**
 * Tells envelopes that were seen already. A publisher repeats one when our answer is late, for about 15 s
 * (containerd `pkg/shim/publisher.go`); times of events carry nanoseconds there, so two events are never equal.
 * Remembers 60 s and 8192 envelopes at most.
 */
export class ReplayFilter {
  readonly #seen = new Map<string, number>();
  readonly #now: () => number;

  /** @param now a clock in milliseconds that never goes back, for tests */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether an equal envelope came lately. Without a time on it, nothing tells a repetition from a second event. */
  isReplay(envelope: Envelope): boolean {
    const key = keyOf(envelope);
    if (key === undefined) return false;
    const now = this.#now();
    this.#forget(now);
    if (this.#seen.has(key)) return true;
    this.#seen.set(key, now);
    return false;
  }

  /** The envelope could not be delivered: its repetition is welcome. */
  retract(envelope: Envelope): void {
    const key = keyOf(envelope);
    if (key !== undefined) this.#seen.delete(key);
  }

  /** A Map is in order of insertion: the oldest come first. */
  #forget(now: number): void {
    for (const [key, at] of this.#seen) {
      if (now - at < WINDOW_MS && this.#seen.size < MAX_REMEMBERED) return;
      this.#seen.delete(key);
    }
  }
}

function keyOf({ timestamp, namespace, topic, event }: Envelope): string | undefined {
  if (timestamp === undefined) return undefined;
  const head = JSON.stringify([timestamp.getTime(), namespace, topic, event?.typeUrl]);
  return createHash('sha256')
    .update(head)
    .update(event?.value ?? '')
    .digest('base64');
}
