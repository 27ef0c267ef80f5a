import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CanceledError, createError, isUnavailable, toEngineError, UnavailableError } from '../../errdefs/index.js';
import { withDefault, withinCall } from '../../libcontainerd/deadline.js';
import type { CallOptions } from '../../libcontainerd/types.js';
import type { Logger } from '../../log/logger.js';
import { startDetached } from '../../platform/detached-program.js';
import { KeeperConnection } from './keeper-connection.js';
import { type KeeperReply, type KeeperRequest, type OpenRequest, READY } from './keeper-protocol.js';

export type { KeeperLog, OpenRequest } from './keeper-protocol.js';

const PROGRAM = fileURLToPath(new URL('./keeper-main.js', import.meta.url));
const NODE_FLAGS = ['--max-old-space-size=128', '--max-semi-space-size=4'];
const IDLE_MS = 1_000;
const START_MS = 10_000;
const CALL_MS = 10_000;
/** The keeper itself gives an output 10 s to end and 30 s to be written. */
const FINISH_MS = 45_000;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 5_000;

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
  readonly #options: LogKeeperOptions;
  readonly #wanted = new Map<string, OpenRequest>();
  readonly #end = new AbortController();
  #connection: Promise<KeeperConnection>;
  #pid = 0;

  private constructor(options: LogKeeperOptions) {
    this.#options = options;
    this.#connection = this.#connect();
  }

  /**
   * Finds the living keeper of this socket or starts one.
   * @param call `timeoutMs` @default 10000
   * @throws UnavailableError when it cannot be started; DeadlineExceededError when one is there and does not answer;
   * CanceledError
   */
  static async start(options: LogKeeperOptions, call: CallOptions = {}): Promise<LogKeeper> {
    const keeper = new LogKeeper(options);
    try {
      keeper.#watch(await withinCall('start the log keeper', keeper.#connection, withDefault(call, START_MS)));
      return keeper;
    } catch (err) {
      keeper.close();
      throw err;
    }
  }

  /**
   * For an engine that writes by itself: a keeper of an earlier one must not read beside it. Waits until it has let go of all.
   * @throws as `start`; nothing when there is none
   */
  static async retire(socketPath: string, call: CallOptions = {}): Promise<void> {
    const opening = KeeperConnection.open(socketPath);
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
    return this.#pid;
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
    if (this.#isClosed) return;
    this.#end.abort();
    this.#connection.then(
      (connection) => connection.close(),
      () => {},
    );
  }

  async #ask(what: string, request: KeeperRequest, call: CallOptions): Promise<void> {
    const { ok, errorClass, text } = await withinCall(what, this.#reply(what, request), call);
    if (!ok) throw createError(errorClass, `${what}: the keeper cannot: ${text}`);
  }

  /** Asks again when the keeper died before it answered: every request may be repeated. */
  async #reply(what: string, request: KeeperRequest): Promise<KeeperReply> {
    for (;;) {
      if (this.#isClosed) throw closedError(what);
      const connection = await this.#connection;
      try {
        return await connection.ask(request);
      } catch (err) {
        if (!isUnavailable(err)) throw err;
        await connection.closed;
      }
    }
  }

  get #isClosed(): boolean {
    return this.#end.signal.aborted;
  }

  #watch(connection: KeeperConnection): void {
    void connection.closed.then(() => {
      if (this.#isClosed) return;
      this.#options.log.warn({ pid: this.#pid }, 'the log keeper is gone; another one is started');
      this.#connection = this.#heal();
      // Whoever asks meanwhile waits for it; nobody may.
      this.#connection.catch(() => {});
    });
  }

  async #heal(): Promise<KeeperConnection> {
    for (let delayMs = RETRY_MIN_MS; ; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
      try {
        const connection = await withinCall('start the log keeper', this.#connect(), { timeoutMs: START_MS });
        await withinCall('open logs again', this.#openAll(connection), { timeoutMs: START_MS }).catch(
          (err: unknown) => {
            connection.close();
            throw err;
          },
        );
        this.#watch(connection);
        return connection;
      } catch (err) {
        if (this.#isClosed) throw closedError('start the log keeper');
        this.#options.log.error({ err, delayMs }, 'the log keeper cannot be started again');
        await sleep(delayMs, undefined, { ref: false, signal: this.#end.signal }).catch(() => {});
      }
    }
  }

  async #openAll(connection: KeeperConnection): Promise<void> {
    const { log } = this.#options;
    await Promise.all(
      Array.from(this.#wanted.values(), async (request) => {
        const { ok, text } = await connection.ask({ verb: 'open', ...request });
        if (!ok) log.error({ containerId: request.id, reason: text }, 'the log of a container is not written any more');
      }),
    );
  }

  async #connect(): Promise<KeeperConnection> {
    const living = await this.#find();
    if (living !== undefined) return living;
    if (this.#isClosed) throw closedError('start the log keeper');
    const { socketPath, logPath } = this.#options;
    const said = await startDetached({
      what: 'the log keeper',
      script: PROGRAM,
      nodeFlags: NODE_FLAGS,
      args: [socketPath, String(IDLE_MS)],
      logPath,
    });
    const started = said === `${READY}\n` ? await this.#find() : undefined;
    if (started !== undefined) return started;
    throw new UnavailableError(`start the log keeper: it ended at once; see ${logPath}`, {
      fields: { path: socketPath },
    });
  }

  /** `undefined` when nobody is there, or ends just now. */
  async #find(): Promise<KeeperConnection | undefined> {
    const { socketPath, log } = this.#options;
    const connection = await KeeperConnection.open(socketPath).catch((cause: unknown): never => {
      throw new UnavailableError('connect to the log keeper', {
        cause: toEngineError(cause),
        fields: { path: socketPath },
      });
    });
    if (connection === undefined) return undefined;
    if (this.#isClosed) {
      connection.close();
      throw closedError('start the log keeper');
    }
    const onEnd = () => connection.close();
    this.#end.signal.addEventListener('abort', onEnd, { once: true });
    void connection.closed.then(() => this.#end.signal.removeEventListener('abort', onEnd));
    const reply = await connection.ask({ verb: 'ping' }).catch(() => undefined);
    if (reply === undefined) return undefined;
    this.#pid = reply.pid;
    log.debug({ pid: reply.pid }, 'the log keeper answers');
    return connection;
  }
}

function closedError(what: string): CanceledError {
  return new CanceledError(`${what}: the keeper's client is closed`, { code: 'ERR_CLIENT_CLOSED' });
}
