import { PushStream } from '../streams/push-stream.js';
import type { EngineEvent } from './engine-event.js';

/** How many events may wait for one consumer. */
export const EVENTS_WAITING_MAX = 65_536;

export interface EventStreamOptions {
  readonly signal: AbortSignal | undefined;
  /** Called once, when the stream is over for whatever reason. */
  readonly onEnd: (stream: EventStream) => void;
}

/** The events for one consumer: none is missed, so one that is too slow is dropped. */
export class EventStream extends PushStream<EngineEvent> {
  constructor({ signal, onEnd }: EventStreamOptions) {
    super({ what: 'read events', max: EVENTS_WAITING_MAX, whenFull: 'fail', signal });
    this.onEnd(() => onEnd(this));
  }
}
