import { createServer, type Server, type Socket } from 'node:net';
import { ConflictError, type EngineError, UnavailableError } from '../../errdefs/index.js';
import { defaultLogger, type Logger } from '../../log/logger.js';
import type { ServiceDefinition } from '../method.js';
import { type BoundSocket, bindSocket, unbindSocket } from './bind-socket.js';
import type { ServiceHandlers } from './handlers.js';
import { ServerConnection } from './server-connection.js';
import { ServiceTable } from './service-table.js';

export interface TtrpcServerOptions {
  /** Requests of one connection that are handled at one time; more get ResourceExhausted. @default 1024 */
  readonly maxRequests?: number | undefined;
  /** Answers that a client has not read, for each connection, in bytes; past it, answers become ResourceExhausted. @default 16 MiB */
  readonly maxQueuedBytes?: number | undefined;
  /** How long `close` waits for requests under way, in milliseconds. @default 5000 */
  readonly closeTimeoutMs?: number | undefined;
  /** @default the library's */
  readonly log?: Logger | undefined;
}

/**
 * Answers ttrpc calls on a unix socket. There is no authentication but the socket's mode: only our own user connects.
 *
 * Upstream: ttrpc `server.go`.
 */
export class TtrpcServer {
  readonly #services = new ServiceTable();
  readonly #connections = new Set<ServerConnection>();
  readonly #options: TtrpcServerOptions;
  readonly #log: Logger;
  readonly #server: Server;
  #state: 'new' | 'listening' | 'closing' | 'closed' = 'new';
  #bound: BoundSocket | undefined;
  #listening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: TtrpcServerOptions = {}) {
    this.#options = options;
    this.#log = options.log ?? defaultLogger();
    this.#server = createServer((socket) => this.#accept(socket));
    // Of `accept`, such as too many open files: the next one may go well, and nothing else may happen to the process.
    this.#server.on('error', (err) => this.#log.error({ err }, 'ttrpc server failed to accept'));
  }

  /** Requests under way on all connections. */
  get activeRequests(): number {
    let sum = 0;
    for (const connection of this.#connections) sum += connection.activeRequests;
    return sum;
  }

  /**
   * Answers the methods that have a handler; the others of the service get NotImplemented. What a handler throws is
   * sent as the status of its class.
   * @throws AlreadyExistsError when the service is registered; InvalidArgumentError for a handler of no unary method
   */
  register<S extends ServiceDefinition>(definition: S, handlers: ServiceHandlers<S>): void {
    this.#services.add(definition, handlers);
  }

  /**
   * Binds `path`, an absolute one, with mode 0600 from its first moment. A socket file that nobody listens on is
   * replaced. Once for each server.
   * @throws ConflictError `ERR_ADDRESS_IN_USE` when somebody listens there or the name is no socket's;
   *   InvalidArgumentError `ERR_ADDRESS_INVALID`; the class of the system's error otherwise
   */
  listen(path: string): Promise<void> {
    if (this.#state !== 'new') return Promise.reject(new ConflictError(`listen on ${path}: the server is in use`));
    this.#state = 'listening';
    this.#listening = this.#bind(path);
    return this.#listening;
  }

  /** Takes no more requests, waits up to `closeTimeoutMs` for those under way, and ends. Idempotent, never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Ends now: the signals of requests under way fire. Idempotent. */
  destroy(): void {
    this.#state = 'closed';
    this.#stopListening();
    const reason = closed();
    for (const connection of this.#connections) connection.close(reason);
  }

  async #bind(path: string): Promise<void> {
    const bound = await bindSocket(this.#server, path);
    this.#bound = bound;
    if (this.#state === 'listening') return;
    this.#stopListening();
    throw closed();
  }

  async #close(): Promise<void> {
    if (this.#state !== 'closed') this.#state = 'closing';
    await this.#listening?.catch(() => {});
    this.#stopListening();
    const { closeTimeoutMs = 5000 } = this.#options;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, closeTimeoutMs);
      const finish = () => {
        clearTimeout(timer);
        resolve();
      };
      // Calls back when the last connection is gone; at once when it never listened.
      this.#server.close(finish);
      for (const connection of this.#connections) connection.drain();
      if (this.#connections.size === 0) finish();
    });
    this.destroy();
  }

  #stopListening(): void {
    if (this.#bound === undefined) return;
    this.#server.close();
    try {
      unbindSocket(this.#bound);
    } catch (err) {
      this.#log.warn({ err }, 'ttrpc socket was left behind');
    }
    this.#bound = undefined;
  }

  #accept(socket: Socket): void {
    if (this.#state !== 'listening') {
      socket.destroy();
      return;
    }
    const { maxRequests = 1024, maxQueuedBytes = 16 * 1024 * 1024 } = this.#options;
    const connection = new ServerConnection(socket, this.#services, { maxRequests, maxQueuedBytes }, this.#log);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }
}

function closed(): EngineError {
  return new UnavailableError('the server is closed');
}
