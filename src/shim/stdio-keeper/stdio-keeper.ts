import { isAbsolute } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CanceledError,
  type EngineError,
  InternalError,
  InvalidArgumentError,
  isUnavailable,
  toEngineError,
  UnavailableError,
} from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import { fifoError } from '../../platform/fifo.js';
import type { RpcCallOptions } from '../../protocol/method.js';
import { KeeperConnection } from './keeper-connection.js';
import { decodeHeld, decodeWords, PROTOCOL_VERSION } from './keeper-protocol.js';
import { startKeeper } from './start-keeper.js';
import { within } from './within.js';

export interface StdioKeeperOptions {
  /** Absolute path of the keeper's socket, one for each root of an engine; 96 bytes at most. */
  readonly socketPath: string;
  readonly log: Logger;
  /** The keeper's own errors are added to this file. @default none */
  readonly logPath?: string | undefined;
  /** How long a keeper that holds nothing stays when nobody is connected, in milliseconds. @default 10000 */
  readonly idleMs?: number | undefined;
}

const IDLE_MS = 10_000;
const START_TIMEOUT_MS = 10_000;
const CALL_TIMEOUT_MS = 5_000;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 5_000;
/** sun_path has 108 with its NUL, and a keeper listens under a longer name at first. */
const SOCKET_PATH_MAX_BYTES = 96;
/** Two descriptors a container: enough for 1000. */
const FD_LIMIT_LOW = 2_200;
/** What no path has, or UTF-8 cannot say. */
const UNWRITABLE = /[\0\p{Surrogate}]/u;

/**
 * A small process that has the read ends of output FIFOs open, so that what a container printed is not lost with the last
 * descriptor when it ends while this process is dead. One for each root; it outlives us, and the next life of ours finds
 * it again. When it is killed it is started again and told all that this object knows. See docs/adr/0010.
 */
export class StdioKeeper {
  readonly #options: StdioKeeperOptions;
  readonly #wanted = new Map<string, readonly string[]>();
  readonly #end = new AbortController();
  #connection: Promise<KeeperConnection>;
  #pid = 0;

  private constructor(options: StdioKeeperOptions) {
    this.#options = options;
    this.#connection = this.#connect();
  }

  /**
   * Finds the living keeper of this socket or starts one.
   *
   * @param call `timeoutMs` @default 10000
   * @throws UnavailableError `ERR_STDIO_KEEPER` when it cannot be started; InvalidArgumentError `ERR_ADDRESS_INVALID`;
   * DeadlineExceededError when a keeper is there and does not answer; CanceledError
   */
  static async start(options: StdioKeeperOptions, call: RpcCallOptions = {}): Promise<StdioKeeper> {
    const { socketPath } = options;
    if (!isAbsolute(socketPath) || Buffer.byteLength(socketPath) > SOCKET_PATH_MAX_BYTES) {
      throw new InvalidArgumentError(
        `start the stdio keeper: ${socketPath} is not absolute or longer than ${SOCKET_PATH_MAX_BYTES} bytes`,
        { code: 'ERR_ADDRESS_INVALID', fields: { path: socketPath } },
      );
    }
    const keeper = new StdioKeeper(options);
    try {
      keeper.#watch(await within('start the stdio keeper', keeper.#connection, call, START_TIMEOUT_MS));
      return keeper;
    } catch (err) {
      keeper.close();
      throw err;
    }
  }

  /** Of the keeper; another one after it was started again. */
  get pid(): number {
    return this.#pid;
  }

  /**
   * Has the read ends opened, in place of those that the key had. Returns when they are.
   *
   * @param key names the process, such as `<id>/<exec id>`
   * @param paths of FIFOs that are there, absolute; with none nothing is done
   * @param call `timeoutMs` @default 5000
   * @throws ResourceExhaustedError when the keeper's table of descriptors is full; InternalError `ERR_FIFO` when a path is
   * no FIFO; PermissionDeniedError `ERR_STATE_DIR`; DeadlineExceededError; CanceledError, `ERR_CLIENT_CLOSED` after `close`
   */
  async hold(key: string, paths: readonly string[], call: RpcCallOptions = {}): Promise<void> {
    if (paths.length === 0) return;
    if (key === '' || !paths.every((path) => isAbsolute(path) && !UNWRITABLE.test(path))) {
      throw new InvalidArgumentError(
        `hold stdio of ${JSON.stringify(key)}: the key is empty or a path is not absolute`,
      );
    }
    const kept = [...paths];
    this.#wanted.set(key, kept);
    try {
      await this.#ask(`hold stdio of ${key}`, ['hold', key, ...kept], call);
    } catch (err) {
      if (this.#wanted.get(key) === kept) {
        // A call that was given up may still be done.
        this.release(key).catch(() => {});
      }
      throw err;
    }
  }

  /** Has them closed; also when there are none. @throws as `hold` does */
  async release(key: string, call: RpcCallOptions = {}): Promise<void> {
    this.#wanted.delete(key);
    await this.#ask(`release stdio of ${key}`, ['release', key], call);
  }

  /** What the keeper holds, also for earlier lives of ours: the paths by key. @throws as `hold` does */
  async held(call: RpcCallOptions = {}): Promise<Map<string, string[]>> {
    return decodeHeld(await this.#ask('list held stdio', ['list'], call));
  }

  /** Lets go of the keeper, which goes on. Pending calls fail. Idempotent. */
  close(): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    this.#connection.then(
      (connection) => connection.close(),
      () => {},
    );
  }

  /** The undecoded words after `ok`. */
  async #ask(what: string, words: readonly string[], call: RpcCallOptions): Promise<string[]> {
    const reply = await within(what, this.#reply(what, words), call, CALL_TIMEOUT_MS);
    const [status, ...rest] = reply.split(' ');
    if (status === 'ok') return rest;
    const [code = '', text = '', path = ''] = decodeWords(rest.join(' '));
    if (code === 'EPROTO') throw new InternalError(`${what}: the keeper refuses: ${text}`);
    throw fifoError(`${what}: the keeper cannot`, Object.assign(new Error(text), { code }), path);
  }

  /** Asks again when the keeper died before it answered: every request may be repeated. */
  async #reply(what: string, words: readonly string[]): Promise<string> {
    for (;;) {
      if (this.#isClosed) throw closedError(what);
      const connection = await this.#connection;
      try {
        return await connection.ask(words);
      } catch (err) {
        if (!isUnavailable(err)) throw err;
        await connection.closed;
      }
    }
  }

  get #isClosed(): boolean {
    return this.#end.signal.aborted;
  }

  /** Heals, from when it was once there. */
  #watch(connection: KeeperConnection): void {
    void connection.closed.then(() => {
      if (this.#isClosed) return;
      this.#options.log.warn({ pid: this.#pid }, 'the stdio keeper is gone; another one is started');
      this.#connection = this.#heal();
      // Whoever asks meanwhile waits for it; nobody may.
      this.#connection.catch(() => {});
    });
  }

  async #heal(): Promise<KeeperConnection> {
    for (let delayMs = RETRY_MIN_MS; ; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
      try {
        const connection = await within('start the stdio keeper', this.#connect(), {}, START_TIMEOUT_MS);
        await within('hold stdio again', this.#holdAll(connection), {}, START_TIMEOUT_MS).catch((err: unknown) => {
          connection.close();
          throw err;
        });
        this.#watch(connection);
        return connection;
      } catch (err) {
        if (this.#isClosed) throw closedError('start the stdio keeper');
        this.#options.log.error({ err, delayMs }, 'the stdio keeper cannot be started again');
        await sleep(delayMs, undefined, { ref: false, signal: this.#end.signal }).catch(() => {});
      }
    }
  }

  async #holdAll(connection: KeeperConnection): Promise<void> {
    const { log } = this.#options;
    await Promise.all(
      Array.from(this.#wanted, async ([key, paths]) => {
        const [status, ...rest] = decodeWords(await connection.ask(['hold', key, ...paths]));
        if (status !== 'ok') log.warn({ key, reason: rest.join(': ') }, 'the output of a process is not held any more');
      }),
    );
  }

  async #connect(): Promise<KeeperConnection> {
    const { socketPath, idleMs = IDLE_MS, logPath } = this.#options;
    const living = await this.#open();
    if (living !== undefined) return living;
    await startKeeper({ socketPath, idleMs, logPath });
    const started = await this.#open();
    if (started !== undefined) return started;
    throw new UnavailableError('start the stdio keeper: it ended at once', {
      code: 'ERR_STDIO_KEEPER',
      fields: { path: socketPath },
    });
  }

  /** `undefined` when nobody is there, or ends just now. */
  async #open(): Promise<KeeperConnection | undefined> {
    const { socketPath, log } = this.#options;
    const connection = await KeeperConnection.open(socketPath).catch((err: unknown): never => {
      throw unreachable(err, socketPath);
    });
    if (connection === undefined) return undefined;
    if (this.#isClosed) {
      connection.close();
      throw closedError('start the stdio keeper');
    }
    const onEnd = () => connection.close();
    this.#end.signal.addEventListener('abort', onEnd, { once: true });
    void connection.closed.then(() => this.#end.signal.removeEventListener('abort', onEnd));
    const reply = await connection.ask(['ping']).catch(() => undefined);
    if (reply === undefined) return undefined;
    const [status, version, pid, , limit] = decodeWords(reply);
    if (status !== 'ok' || version !== PROTOCOL_VERSION) {
      connection.close();
      throw unreachable(new Error(`it answers ${reply}`), socketPath);
    }
    this.#pid = Number(pid);
    const fdLimit = Number(limit);
    log.debug({ pid: this.#pid, fdLimit }, 'the stdio keeper answers');
    if (fdLimit < FD_LIMIT_LOW) {
      log.warn({ fdLimit }, 'the stdio keeper may open few files: raise the hard limit (ulimit -Hn, LimitNOFILE=)');
    }
    return connection;
  }
}

function unreachable(cause: unknown, path: string): EngineError {
  return new UnavailableError('connect to the stdio keeper', {
    code: 'ERR_STDIO_KEEPER',
    cause: toEngineError(cause),
    fields: { path },
  });
}

function closedError(what: string): CanceledError {
  return new CanceledError(`${what}: the keeper's client is closed`, { code: 'ERR_CLIENT_CLOSED' });
}
