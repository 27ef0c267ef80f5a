import { dirname } from 'node:path';
import { InvalidArgumentError, toEngineError } from '../errdefs/index.js';
import type { Logger } from '../log/logger.js';
import { EventsDefinition } from '../protocol/gen/containerd/services/events_ttrpc.js';
import type { Envelope } from '../protocol/gen/containerd/types/types.js';
import { TtrpcServer } from '../protocol/ttrpc/index.js';
import { claimFolder } from './claim-folder.js';
import { ReplayFilter } from './replay-filter.js';

/** Events are answered as they come, so nothing is under way; but a shim that hangs does not end its side. */
const CLOSE_TIMEOUT_MS = 500;

export interface EventSink {
  readonly log: Logger;
  /** Called in the order in which each shim sends, for a repeated envelope once. Must not block. */
  readonly onEnvelope: (envelope: Envelope) => void;
}

/**
 * What shims publish their events to: `containerd.services.events.ttrpc.v1.Events` on a unix socket, whose path they
 * get as `TTRPC_ADDRESS`. Shims present no credentials, so only our user may pass the socket's folder.
 */
export class ShimEventServer {
  readonly #sink: EventSink;
  readonly #server: TtrpcServer;
  readonly #replays = new ReplayFilter();

  constructor(sink: EventSink) {
    this.#sink = sink;
    this.#server = new TtrpcServer({ log: sink.log, closeTimeoutMs: CLOSE_TIMEOUT_MS });
    // Without an await: the publisher waits 5 s, and the answer to one event must not overtake the next.
    this.#server.register(EventsDefinition, { forward: async ({ envelope }) => this.#take(envelope) });
  }

  /**
   * Listens with mode 0600, in a folder that is made with mode 0700. The socket of an earlier life is replaced.
   * @throws PermissionDeniedError `ERR_STATE_DIR` when others may pass the folder; ConflictError `ERR_ADDRESS_IN_USE`
   * when somebody listens there; InvalidArgumentError `ERR_ADDRESS_INVALID` when the path is too long; by errno
   */
  async listen(path: string): Promise<void> {
    await claimFolder(dirname(path));
    await this.#server.listen(path);
  }

  /** Answers what it got, then ends all connections; the socket is gone afterwards. Idempotent. */
  async close(): Promise<void> {
    await this.#server.close();
  }

  #take(envelope: Envelope | undefined): Record<string, never> {
    const { log, onEnvelope } = this.#sink;
    const problem = problemOf(envelope);
    if (envelope === undefined || problem !== undefined) {
      log.warn({ namespace: envelope?.namespace, topic: envelope?.topic, problem }, 'event of a shim refused');
      throw new InvalidArgumentError(`forward event: ${problem}`);
    }
    if (this.#replays.isReplay(envelope)) return {};
    try {
      onEnvelope(envelope);
    } catch (err) {
      this.#replays.retract(envelope);
      log.error({ err, namespace: envelope.namespace, topic: envelope.topic }, 'event of a shim not handled');
      throw toEngineError(err, 'forward event');
    }
    return {};
  }
}

function problemOf(envelope: Envelope | undefined): string | undefined {
  if (envelope === undefined) return 'envelope is missing';
  if (envelope.namespace === '') return 'namespace is missing';
  if (envelope.topic === '') return 'topic is missing';
  if (envelope.event === undefined || envelope.event.typeUrl === '') return 'event is missing';
  return undefined;
}
