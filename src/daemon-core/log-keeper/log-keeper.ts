import { fileURLToPath } from 'node:url';
import { createError, isUnavailable, toEngineError } from '../../errdefs/index.js';
import { withDefault, withinCall } from '../../libcontainerd/deadline.js';
import type { CallOptions } from '../../libcontainerd/types.js';
import type { Logger } from '../../log/logger.js';
import { DetachedPeer } from '../../platform/detached-peer/detached-peer.js';
import { LineConnection, type LineProtocol } from '../../platform/detached-peer/line-connection.js';
import {
  formatRequest,
  type KeeperReply,
  type KeeperRequest,
  MAX_LINE,
  type OpenRequest,
  parseReply,
} from './keeper-protocol.js';

export type { KeeperLog, OpenRequest } from './keeper-protocol.js';

const PROGRAM = fileURLToPath(new URL('./keeper-main.js', import.meta.url));
const NODE_FLAGS = ['--max-old-space-size=128', '--max-semi-space-size=4'];
const IDLE_MS = 1_000;
const CALL_MS = 10_000;
/** The keeper itself gives an output 10 s to end and 30 s to be written. */
const FINISH_MS = 45_000;

const PROTOCOL: LineProtocol<KeeperRequest, KeeperReply> = {
  who: 'the log keeper',
  encoding: 'utf8',
  maxLine: MAX_LINE,
  format: (request, id) => formatRequest(id, request),
  parse: (line) => {
    const reply = parseReply(line);
    return { reply, id: reply.id };
  },
};

export interface LogKeeperOptions {
  /** Absolute path of its socket, one for each state folder of an engine; 96 bytes at most. */
  readonly socketPath: string;
  /** The keeper's own troubles are added to this file. */
  readonly logPath: string;
  readonly log: Logger;
}

/**
 * The process that reads the output of containers and writes their logs. It outlives us, and the next engine finds it again.
 * When it is killed another one is started, which opens all again that this object knows. See docs/adr/0018.
 */
export class LogKeeper {
  readonly #wanted: Map<string, OpenRequest>;
  readonly #peer: DetachedPeer<KeeperRequest, KeeperReply>;

  private constructor(wanted: Map<string, OpenRequest>, peer: DetachedPeer<KeeperRequest, KeeperReply>) {
    this.#wanted = wanted;
    this.#peer = peer;
  }

  /**
   * Finds the living keeper of this socket or starts one.
   * @param call `timeoutMs` @default 10000
   * @throws UnavailableError when it cannot be started; DeadlineExceededError when one is there and does not answer;
   * CanceledError
   */
  static async start({ socketPath, logPath, log }: LogKeeperOptions, call: CallOptions = {}): Promise<LogKeeper> {
    const wanted = new Map<string, OpenRequest>();
    const peer = await DetachedPeer.start(
      {
        socketPath,
        protocol: PROTOCOL,
        program: { script: PROGRAM, nodeFlags: NODE_FLAGS, args: [socketPath, String(IDLE_MS)], logPath },
        greeting: { verb: 'ping' },
        pidOf: ({ pid }) => {
          log.debug({ pid }, 'the log keeper answers');
          return pid;
        },
        tellAgain: (connection) => openAll(connection, wanted, log),
        log,
      },
      call,
    );
    return new LogKeeper(wanted, peer);
  }

  /**
   * For an engine that writes by itself: a keeper of an earlier one must not read beside it. Waits until it has let go of all.
   * @throws as `start`; nothing when there is none
   */
  static async retire(socketPath: string, call: CallOptions = {}): Promise<void> {
    const opening = LineConnection.open(socketPath, PROTOCOL);
    const retired = opening.then(async (connection) => {
      await connection?.ask({ verb: 'retire' });
      await connection?.closed;
    });
    try {
      await withinCall('retire the log keeper', retired, withDefault(call, FINISH_MS));
    } catch (err) {
      // It ended before it answered.
      if (!isUnavailable(err)) throw toEngineError(err, 'retire the log keeper');
    } finally {
      opening.then(
        (connection) => connection?.close(),
        () => {},
      );
    }
  }

  /** Of the keeper; another one after it was started again. */
  get pid(): number {
    return this.#peer.pid;
  }

  /**
   * Has the FIFOs of a run opened, their output written to the container's log. Returns when they are open. Does nothing for a run
   * that is open.
   * @param call `timeoutMs` @default 10000
   * @throws InternalError when a FIFO cannot be opened; by the system's error when the log cannot; DeadlineExceededError;
   * CanceledError `ERR_CLIENT_CLOSED` after `close`
   */
  async open(request: OpenRequest, call: CallOptions = {}): Promise<void> {
    this.#wanted.set(request.id, request);
    try {
      await this.#ask(`keep the log of ${request.id}`, { verb: 'open', ...request }, withDefault(call, CALL_MS));
    } catch (err) {
      if (this.#wanted.get(request.id) === request) {
        this.#wanted.delete(request.id);
        // A call that was given up may still be done.
        this.finish(request.id).catch(() => {});
      }
      throw err;
    }
  }

  /** Settles when all that the run printed is in its log, also when there is none. @param call `timeoutMs` @default 45000 */
  async finish(id: string, call: CallOptions = {}): Promise<void> {
    const request = this.#wanted.get(id);
    try {
      await this.#ask(`finish the log of ${id}`, { verb: 'finish', id }, withDefault(call, FINISH_MS));
    } finally {
      if (this.#wanted.get(id) === request) this.#wanted.delete(id);
    }
  }

  /** The log is to be removed: nobody writes or compresses it any more. @param call `timeoutMs` @default 45000 */
  async forget(id: string, call: CallOptions = {}): Promise<void> {
    this.#wanted.delete(id);
    await this.#ask(`forget the log of ${id}`, { verb: 'forget', id }, withDefault(call, FINISH_MS));
  }

  /** Lets go of the keeper, which goes on. Pending calls fail. Idempotent. */
  close(): void {
    this.#peer.close();
  }

  async #ask(what: string, request: KeeperRequest, call: CallOptions): Promise<void> {
    const { ok, errorClass, text } = await this.#peer.ask(what, request, call);
    if (!ok) throw createError(errorClass, `${what}: the keeper cannot: ${text}`);
  }
}

async function openAll(
  connection: LineConnection<KeeperRequest, KeeperReply>,
  wanted: ReadonlyMap<string, OpenRequest>,
  log: Logger,
): Promise<void> {
  await Promise.all(
    Array.from(wanted.values(), async (request) => {
      const { ok, text } = await connection.ask({ verb: 'open', ...request });
      if (!ok) log.error({ containerId: request.id, reason: text }, 'the log of a container is not written any more');
    }),
  );
}
