import type { Logger } from '../log/logger.js';
import type { Envelope } from '../protocol/gen/containerd/types/types.js';

export interface EventSink {
  readonly log: Logger;
  /** Called in the order of each shim, a repeated envelope once. Must not block. */
  readonly onEnvelope: (envelope: Envelope) => void;
}

/** What shims publish their events to (`TTRPC_ADDRESS`). */
export declare class ShimEventServer {
  constructor(sink: EventSink);
  /** @param path of the socket; its folder is made with mode 0700 */
  listen(path: string): Promise<void>;
  close(): Promise<void>;
}
