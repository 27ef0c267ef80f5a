import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { ConflictError, type EngineError, toEngineError } from '../errdefs/index.js';
import { withDefault, withinCall } from '../libcontainerd/deadline.js';
import type { CallOptions } from '../libcontainerd/types.js';
import type { Logger } from '../log/logger.js';
import type { Exposition } from './exposition.js';
import { formatListenAddress, type ListenAddress, parseListenAddress } from './listen-address.js';

const PATH = '/metrics';
const ALLOWED = ['GET', 'HEAD'];
const CLOSE_MS = 5_000;
const LISTEN_MS = 10_000;
/** For a connection on which nothing moves. */
const IDLE_MS = 30_000;
/** For a whole request: it has no body. Looked at every `CHECK_MS`, so that slow ones do not shut others out for long. */
const REQUEST_MS = 5_000;
const CHECK_MS = 2_000;
/** A server of metrics has a handful of clients; each may have the whole text of a scrape in its buffer. */
const CONNECTIONS_MAX = 64;
/** Below it a packet is not filled anyway. */
const GZIP_LEAST_BYTES = 1_024;

const compress = promisify(gzip);

export interface MetricsServerOptions {
  /** `127.0.0.1:9323`, `[::1]:9323`, or `:9323` for all addresses. Port 0 lets the system choose. */
  readonly address: string;
  readonly exposition: Exposition;
  readonly log: Logger;
}

/** Serves `GET /metrics` over HTTP, without authentication: who reaches the address may read. */
export class MetricsServer {
  /** Where it listens, with the port that the system chose. */
  readonly address: string;
  readonly #server: Server;
  readonly #ended: Promise<void>;
  #isClosing = false;

  private constructor(server: Server, address: string) {
    this.#server = server;
    this.address = address;
    this.#ended = new Promise((resolve) => server.once('close', () => resolve()));
  }

  /**
   * Resolves when the address takes connections.
   * @throws InvalidArgumentError `ERR_ADDRESS_INVALID`; ConflictError `ERR_ADDRESS_IN_USE`; the class of the system's error
   */
  static async listen(options: MetricsServerOptions, call: CallOptions = {}): Promise<MetricsServer> {
    const { exposition, log } = options;
    const where = parseListenAddress(options.address);
    const times = { headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: CHECK_MS };
    const zipped = new SharedGzip();
    const server = createServer(times, (request, response) => {
      void answer({ exposition, zipped, log }, request, response);
    });
    server.on('drop', (drop) => log.warn({ peer: drop?.remoteAddress }, 'refuse a scrape: too many connections'));
    server.maxConnections = CONNECTIONS_MAX;
    server.setTimeout(IDLE_MS);
    const bound = bind(server, where);
    try {
      await withinCall(`listen on ${options.address}`, bound, withDefault(call, LISTEN_MS));
    } catch (err) {
      // Given up while a name is being resolved: it listens after all.
      bound.then(
        () => server.close(),
        () => {},
      );
      throw refusal(err, options.address);
    }
    server.on('error', (err) => log.error({ err, address: options.address }, 'serve metrics'));
    return new MetricsServer(server, addressOf(server));
  }

  /** Takes no more connections and lets the answers under way end; past 5 s, or what the call says, they are cut. Idempotent. */
  async close(call: CallOptions = {}): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#server.close();
    }
    this.#server.closeIdleConnections();
    try {
      await withinCall('close the metrics server', this.#ended, withDefault(call, CLOSE_MS));
    } catch {
      this.destroy();
      await this.#ended;
    }
  }

  /** The same at once. Idempotent. */
  destroy(): void {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#server.close();
    }
    this.#server.closeAllConnections();
  }
}

interface Answering {
  readonly exposition: Exposition;
  readonly zipped: SharedGzip;
  readonly log: Logger;
}

async function answer(
  { exposition, zipped, log }: Answering,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.on('error', (err) => log.debug({ err }, 'answer a scrape'));
  const { method = '', url = '' } = request;
  if (url.split('?', 1)[0] !== PATH) return refuse(response, 404, `metrics are at ${PATH}`);
  if (!ALLOWED.includes(method)) return refuse(response.setHeader('Allow', ALLOWED.join(', ')), 405, 'use GET');
  response.setHeader('Content-Type', exposition.contentType);
  // Node sends no body after a HEAD; collecting for it would be for nothing.
  if (method === 'HEAD') return void response.end();
  try {
    const text = await exposition.scrapeBytes({ signal: gone.signal });
    if (text.length < GZIP_LEAST_BYTES || !takesGzip(request)) return void response.end(text);
    const body = await zipped.of(text);
    response.setHeader('Content-Encoding', 'gzip').setHeader('Vary', 'Accept-Encoding').end(body);
  } catch (err) {
    if (gone.signal.aborted) return;
    log.error({ err }, 'answer a scrape');
    refuse(response, 500, 'the scrape failed');
  }
}

/** Scrapes that share a text share its compressed form: each costs a thread that the engine's files want too. */
class SharedGzip {
  readonly #bodies = new WeakMap<Buffer, Promise<Buffer>>();

  of(text: Buffer): Promise<Buffer> {
    const body = this.#bodies.get(text) ?? compress(text, { level: constants.Z_BEST_SPEED });
    this.#bodies.set(text, body);
    return body;
  }
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

/** `q=0` is a refusal. */
function takesGzip({ headers }: IncomingMessage): boolean {
  return /(?:^|,)\s*gzip\s*(?:,|$|;\s*q=(?!0(?:\.0*)?\s*(?:,|$)))/.test(String(headers['accept-encoding'] ?? ''));
}

function bind(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // exclusive: in a worker of a cluster the socket would otherwise belong to the primary process.
    server.listen({ ...(host === undefined ? {} : { host }), port, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function refusal(err: unknown, address: string): EngineError {
  const what = `listen for scrapes on ${address}`;
  if (!(err instanceof Error && 'code' in err && err.code === 'EADDRINUSE')) return toEngineError(err, what);
  return new ConflictError(`${what}: somebody listens there; stop it, or choose another metrics-addr`, {
    code: 'ERR_ADDRESS_IN_USE',
    cause: err,
    fields: { address },
  });
}

function addressOf(server: Server): string {
  const bound = server.address();
  return bound === null || typeof bound === 'string' ? '' : formatListenAddress(bound.address, bound.port);
}
