import { setTimeout as sleep } from 'node:timers/promises';
import { CanceledError, EngineError, isUnavailable, toEngineError, UnavailableError } from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import { type DetachedProgram, startDetached } from '../detached-program.js';
import { type CallBounds, withDefault, withinCall } from '../within-call.js';
import { READY } from './announce-ready.js';
import { LineConnection, type LineProtocol } from './line-connection.js';

export interface DetachedPeerOptions<Request, Reply> {
  /** Absolute path of its socket; 96 bytes at most. */
  readonly socketPath: string;
  readonly protocol: LineProtocol<Request, Reply>;
  /** Listens on the socket with `LineServer`, then calls `announceReady`. */
  readonly program: Omit<DetachedProgram, 'what'>;
  /** The first request on a connection. */
  readonly greeting: Request;
  /** The pid of whoever answers it. Throws when it is not who is meant. */
  readonly pidOf: (answer: Reply) => number;
  /** Tells one that was started in the place of a dead one all that it has to know, before anybody else asks it. */
  readonly tellAgain: (connection: LineConnection<Request, Reply>) => Promise<void>;
  readonly log: Logger;
}

const START_MS = 10_000;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 5_000;

/**
 * A program of ours in a process that outlives us, found by its socket, or started when nobody listens there. When it dies it
 * is started again, with a growing delay while that fails.
 */
export class DetachedPeer<Request, Reply> {
  readonly #options: DetachedPeerOptions<Request, Reply>;
  readonly #end = new AbortController();
  #connection: Promise<LineConnection<Request, Reply>>;
  #pid = 0;

  private constructor(options: DetachedPeerOptions<Request, Reply>) {
    this.#options = options;
    this.#connection = this.#connect();
  }

  /**
   * Finds the living one of this socket or starts one.
   * @param call `timeoutMs` @default 10000
   * @throws UnavailableError with the protocol's code when it cannot be started; DeadlineExceededError when one is there and does
   * not answer; CanceledError; by the errno when the log file cannot be opened
   */
  static async start<Request, Reply>(
    options: DetachedPeerOptions<Request, Reply>,
    call: CallBounds = {},
  ): Promise<DetachedPeer<Request, Reply>> {
    const peer = new DetachedPeer(options);
    try {
      peer.#watch(await withinCall(peer.#starting, peer.#connection, withDefault(call, START_MS)));
      return peer;
    } catch (err) {
      peer.close();
      throw err;
    }
  }

  /** Of the process; another one after it was started again. */
  get pid(): number {
    return this.#pid;
  }

  /**
   * Asks again when it died before it answered: every request may be repeated. The request itself goes on after a call that was
   * given up.
   * @throws DeadlineExceededError; CanceledError, `ERR_CLIENT_CLOSED` after `close`
   */
  ask(what: string, request: Request, call: CallBounds): Promise<Reply> {
    return withinCall(what, this.#reply(what, request), call);
  }

  /** Lets go of the process, which goes on. Pending calls fail. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#end.abort();
    this.#connection.then(
      (connection) => connection.close(),
      () => {},
    );
  }

  get #starting(): string {
    return `start ${this.#options.protocol.who}`;
  }

  get #isClosed(): boolean {
    return this.#end.signal.aborted;
  }

  async #reply(what: string, request: Request): Promise<Reply> {
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

  /** Heals, from when it was once there. */
  #watch(connection: LineConnection<Request, Reply>): void {
    const { log, protocol } = this.#options;
    void connection.closed.then(() => {
      if (this.#isClosed) return;
      log.warn({ pid: this.#pid }, `${protocol.who} is gone; another one is started`);
      this.#connection = this.#heal();
      // Whoever asks meanwhile waits for it; nobody may.
      this.#connection.catch(() => {});
    });
  }

  async #heal(): Promise<LineConnection<Request, Reply>> {
    const { log, protocol, tellAgain } = this.#options;
    for (let delayMs = RETRY_MIN_MS; ; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
      try {
        const connection = await withinCall(this.#starting, this.#connect(), { timeoutMs: START_MS });
        const told = withinCall(`tell ${protocol.who} again`, tellAgain(connection), { timeoutMs: START_MS });
        await told.catch((err: unknown) => {
          connection.close();
          throw err;
        });
        this.#watch(connection);
        return connection;
      } catch (err) {
        if (this.#isClosed) throw closedError(this.#starting);
        log.error({ err, delayMs }, `${protocol.who} cannot be started again`);
        await sleep(delayMs, undefined, { ref: false, signal: this.#end.signal }).catch(() => {});
      }
    }
  }

  async #connect(): Promise<LineConnection<Request, Reply>> {
    const { program, protocol } = this.#options;
    const living = await this.#find();
    if (living !== undefined) return living;
    if (this.#isClosed) throw closedError(this.#starting);
    const said = await startDetached({ what: protocol.who, ...program }).catch((cause: unknown): never => {
      throw cause instanceof EngineError ? cause : this.#unavailable(this.#starting, cause);
    });
    const started = said === READY ? await this.#find() : undefined;
    if (started !== undefined) return started;
    const where = program.logPath === undefined ? 'give it a log file to see why' : `see ${program.logPath}`;
    throw this.#unavailable(`${this.#starting}: it ended at once; ${where}`);
  }

  /** `undefined` when nobody is there, or ends just now. */
  async #find(): Promise<LineConnection<Request, Reply> | undefined> {
    const { socketPath, protocol, greeting, pidOf } = this.#options;
    const unreachable = (cause: unknown): never => {
      throw this.#unavailable(`connect to ${protocol.who}`, toEngineError(cause));
    };
    const connection = await LineConnection.open(socketPath, protocol).catch(unreachable);
    if (connection === undefined) return undefined;
    if (this.#isClosed) {
      connection.close();
      throw closedError(this.#starting);
    }
    const onEnd = () => connection.close();
    this.#end.signal.addEventListener('abort', onEnd, { once: true });
    void connection.closed.then(() => this.#end.signal.removeEventListener('abort', onEnd));
    const answer = await connection.ask(greeting).catch(() => undefined);
    if (answer === undefined) return undefined;
    try {
      this.#pid = pidOf(answer);
    } catch (err) {
      connection.close();
      return unreachable(err);
    }
    return connection;
  }

  #unavailable(message: string, cause?: unknown): UnavailableError {
    const { socketPath, protocol } = this.#options;
    return new UnavailableError(message, { code: protocol.code, cause, fields: { path: socketPath } });
  }
}

function closedError(what: string): CanceledError {
  return new CanceledError(`${what}: the keeper's client is closed`, { code: 'ERR_CLIENT_CLOSED' });
}
