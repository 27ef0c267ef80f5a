import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InternalError, InvalidArgumentError } from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import { DetachedPeer } from '../../platform/detached-peer/detached-peer.js';
import type { LineConnection, LineProtocol } from '../../platform/detached-peer/line-connection.js';
import { fifoError } from '../../platform/fifo.js';
import { withDefault } from '../../platform/within-call.js';
import type { RpcCallOptions } from '../../protocol/method.js';
import { decodeHeld, decodeWords, encodeWords, PROTOCOL_VERSION } from './keeper-protocol.js';

export interface StdioKeeperOptions {
  /** Absolute path of the keeper's socket, one for each root of an engine; 96 bytes at most. */
  readonly socketPath: string;
  readonly log: Logger;
  /** The keeper's own errors are added to this file. @default none */
  readonly logPath?: string | undefined;
  /** How long a keeper that holds nothing stays when nobody is connected, in milliseconds. @default 10000 */
  readonly idleMs?: number | undefined;
}

const PROGRAM = fileURLToPath(new URL('./keeper-main.js', import.meta.url));
/** It has a table and a socket; four threads that collect garbage would be more than it. */
const NODE_FLAGS = ['--max-old-space-size=16', '--max-semi-space-size=1', '--v8-pool-size=0'];
const IDLE_MS = 10_000;
const CALL_TIMEOUT_MS = 5_000;
/** sun_path has 108 with its NUL, and a keeper listens under a longer name at first. */
const SOCKET_PATH_MAX_BYTES = 96;
/** Two descriptors a container: enough for 1000. */
const FD_LIMIT_LOW = 2_200;
/** What no path has, or UTF-8 cannot say. */
const UNWRITABLE = /[\0\p{Surrogate}]/u;

type Words = readonly string[];

/** Replies come in the order of the requests, and stay undecoded: the words of a list have commas that mean something. */
const PROTOCOL: LineProtocol<Words, string> = {
  who: 'the stdio keeper',
  code: 'ERR_STDIO_KEEPER',
  encoding: 'latin1',
  // A list of 100 000 FIFOs is shorter.
  maxLine: 32 * 1024 * 1024,
  format: encodeWords,
  parse: (line) => ({ reply: line }),
};

/**
 * A small process that has the read ends of output FIFOs open, so that what a container printed is not lost with the last
 * descriptor when it ends while this process is dead. One for each root; it outlives us, and the next life of ours finds
 * it again. When it is killed it is started again and told all that this object knows. See docs/adr/0010.
 */
export class StdioKeeper {
  readonly #wanted: Map<string, Words>;
  readonly #peer: DetachedPeer<Words, string>;

  private constructor(wanted: Map<string, Words>, peer: DetachedPeer<Words, string>) {
    this.#wanted = wanted;
    this.#peer = peer;
  }

  /**
   * Finds the living keeper of this socket or starts one.
   *
   * @param call `timeoutMs` @default 10000
   * @throws UnavailableError `ERR_STDIO_KEEPER` when it cannot be started; InvalidArgumentError `ERR_ADDRESS_INVALID`;
   * DeadlineExceededError when a keeper is there and does not answer; CanceledError
   */
  static async start(options: StdioKeeperOptions, call: RpcCallOptions = {}): Promise<StdioKeeper> {
    const { socketPath, log, logPath, idleMs = IDLE_MS } = options;
    if (!isAbsolute(socketPath) || Buffer.byteLength(socketPath) > SOCKET_PATH_MAX_BYTES) {
      throw new InvalidArgumentError(
        `start the stdio keeper: ${socketPath} is not absolute or longer than ${SOCKET_PATH_MAX_BYTES} bytes`,
        { code: 'ERR_ADDRESS_INVALID', fields: { path: socketPath } },
      );
    }
    const wanted = new Map<string, Words>();
    const peer = await DetachedPeer.start(
      {
        socketPath,
        protocol: PROTOCOL,
        program: { script: PROGRAM, nodeFlags: NODE_FLAGS, args: [socketPath, String(idleMs)], logPath },
        greeting: ['ping'],
        pidOf: (answer) => pidOf(answer, log),
        tellAgain: (connection) => holdAll(connection, wanted, log),
        log,
      },
      call,
    );
    return new StdioKeeper(wanted, peer);
  }

  /** Of the keeper; another one after it was started again. */
  get pid(): number {
    return this.#peer.pid;
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
    this.#peer.close();
  }

  /** The undecoded words after `ok`. */
  async #ask(what: string, words: Words, call: RpcCallOptions): Promise<string[]> {
    const reply = await this.#peer.ask(what, words, withDefault(call, CALL_TIMEOUT_MS));
    const [status, ...rest] = reply.split(' ');
    if (status === 'ok') return rest;
    const [code = '', text = '', path = ''] = decodeWords(rest.join(' '));
    if (code === 'EPROTO') throw new InternalError(`${what}: the keeper refuses: ${text}`);
    throw fifoError(`${what}: the keeper cannot`, Object.assign(new Error(text), { code }), path);
  }
}

async function holdAll(
  connection: LineConnection<Words, string>,
  wanted: ReadonlyMap<string, Words>,
  log: Logger,
): Promise<void> {
  await Promise.all(
    Array.from(wanted, async ([key, paths]) => {
      const [status, ...rest] = decodeWords(await connection.ask(['hold', key, ...paths]));
      if (status !== 'ok') log.warn({ key, reason: rest.join(': ') }, 'the output of a process is not held any more');
    }),
  );
}

/** @param answer to `ping` */
function pidOf(answer: string, log: Logger): number {
  const [status, version, pid, , limit] = decodeWords(answer);
  if (status !== 'ok' || version !== PROTOCOL_VERSION) throw new Error(`it answers ${answer}`);
  const fdLimit = Number(limit);
  log.debug({ pid: Number(pid), fdLimit }, 'the stdio keeper answers');
  if (fdLimit < FD_LIMIT_LOW) {
    log.warn({ fdLimit }, 'the stdio keeper may open few files: raise the hard limit (ulimit -Hn, LimitNOFILE=)');
  }
  return Number(pid);
}
