import type { EventSink } from './event-server.js';

export interface EventSpoolOptions extends EventSink {
  /** State folder of the spool; made with mode 0700. */
  readonly folder: string;
}

/** Events of shims that publish by running a program. */
export declare class EventSpool {
  /** Path of the program: what `-containerd-binary` and `-publish-binary` get. */
  readonly publisher: string;
  private constructor();
  static open(options: EventSpoolOptions): Promise<EventSpool>;
  close(): Promise<void>;
}
