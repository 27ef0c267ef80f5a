import type { Socket } from 'node:net';
import {
  DataLossError,
  type EngineError,
  InternalError,
  InvalidArgumentError,
  ResourceExhaustedError,
  toStatus,
  UnavailableError,
} from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import { FLAG, HEADER_BYTES, MAX_PAYLOAD_BYTES, MESSAGE_TYPE } from './frame.js';
import { type Frame, FrameDecoder } from './frame-decoder.js';
import { Outbox } from './outbox.js';
import { decodeRequest, type IncomingRequest } from './request.js';
import { RequestContext } from './request-context.js';
import { encodeResponse, encodeStatus } from './response.js';
import type { ServiceTable } from './service-table.js';

export interface ConnectionLimits {
  /** Requests handled at one time; more are answered with ResourceExhausted. */
  readonly maxRequests: number;
  /** Answers that the client has not read; past half of it nothing is read from the client. */
  readonly maxQueuedBytes: number;
}

/**
 * The server's side of one connection. `open` reads; `draining` answers what it has and refuses what comes; `closed` has
 * no socket any more.
 *
 * Upstream: ttrpc `server.go`, whose stream ids, texts and leniency this has, but for frames that no version sends.
 */
export class ServerConnection {
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #decoder = new FrameDecoder();
  readonly #services: ServiceTable;
  readonly #limits: ConnectionLimits;
  readonly #log: Logger;
  readonly #active = new Map<number, RequestContext>();
  #state: 'open' | 'draining' | 'closed' = 'open';
  #lastId = 0;

  constructor(socket: Socket, services: ServiceTable, limits: ConnectionLimits, log: Logger) {
    this.#socket = socket;
    this.#outbox = new Outbox(socket);
    this.#services = services;
    this.#limits = limits;
    this.#log = log;
    const leave = () => this.close(new UnavailableError('the client is gone', { code: 'ERR_SHIM_CONNECTION_LOST' }));
    socket.on('error', leave);
    socket.on('end', leave);
    socket.on('close', leave);
    socket.on('drain', () => this.#resume());
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
  }

  /** Requests under way. */
  get activeRequests(): number {
    return this.#active.size;
  }

  /** Ends the connection when the last request is answered. */
  drain(): void {
    if (this.#state !== 'open') return;
    this.#state = 'draining';
    this.#endIfIdle();
  }

  /** Ends the connection now; the signals of its requests fire with `reason`. Idempotent. */
  close(reason: EngineError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#socket.destroy();
    for (const context of this.#active.values()) context.abandon(reason);
    this.#active.clear();
  }

  #onData(chunk: Buffer): void {
    try {
      for (const frame of this.#decoder.push(chunk)) {
        if (this.#state === 'closed') return;
        this.#onFrame(frame);
      }
      this.#holdBack();
    } catch (err) {
      this.#log.error({ err }, 'ttrpc connection failed');
      this.close(new InternalError('read a request', { cause: err }));
    }
  }

  #onFrame(frame: Frame): void {
    const { type, streamId, payload, length } = frame;
    if (type !== MESSAGE_TYPE.request && type !== MESSAGE_TYPE.data) {
      const err = new DataLossError(`read a frame of type ${type} from a client`, { code: 'ERR_WIRE_DECODE' });
      this.#log.warn({ err }, 'ttrpc connection ended');
      this.close(err);
    } else if (payload === undefined) {
      this.#refuse(streamId, new ResourceExhaustedError(`message of ${length} bytes is over the limit of 4 MiB`));
    } else if (streamId % 2 !== 1) {
      this.#refuse(streamId, new InvalidArgumentError('stream id must be odd for streams of a client'));
    } else if (type === MESSAGE_TYPE.data) {
      this.#onStreamData(frame);
    } else if (streamId <= this.#lastId) {
      this.#refuse(streamId, new InvalidArgumentError('stream id cannot be used again and must rise'));
    } else {
      this.#lastId = streamId;
      this.#onRequest(streamId, payload);
    }
  }

  /** No method here takes a stream: the end of one is as good as nothing, and data for a finished call is too late. */
  #onStreamData({ streamId, flags }: Frame): void {
    const isBareEnd = (flags & FLAG.noData) !== 0 && (flags & FLAG.remoteClosed) !== 0;
    if (this.#active.has(streamId) || (isBareEnd && streamId <= this.#lastId)) return;
    this.#refuse(streamId, new InvalidArgumentError('stream id is not active any more'));
  }

  #onRequest(streamId: number, payload: Buffer): void {
    let request: IncomingRequest;
    try {
      request = decodeRequest(payload);
    } catch (err) {
      this.#refuse(streamId, new InvalidArgumentError('decode request', { cause: err }));
      return;
    }
    if (this.#state !== 'open') {
      this.#refuse(streamId, new UnavailableError('the server is closing'));
    } else if (this.#active.size >= this.#limits.maxRequests) {
      this.#refuse(streamId, new ResourceExhaustedError(`${this.#active.size} requests are under way`));
    } else {
      const context = new RequestContext(request.metadata, request.timeoutMs);
      this.#active.set(streamId, context);
      void this.#answer(streamId, request, context);
    }
  }

  /** Never rejects. */
  async #answer(streamId: number, request: IncomingRequest, context: RequestContext): Promise<void> {
    const { service, method } = request;
    let frame: Buffer;
    try {
      const invoke = this.#services.find(service, method);
      const write = await invoke(request.payload, context);
      frame = this.#fitting(encodeResponse(streamId, write), streamId);
    } catch (err) {
      this.#log.debug({ err, service, method }, 'ttrpc request failed');
      frame = encodeStatus(streamId, toStatus(err));
    }
    context.finish();
    // Gone already when the connection has ended meanwhile.
    if (!this.#active.delete(streamId)) return;
    this.#outbox.push(frame);
    this.#endIfIdle();
  }

  #fitting(frame: Buffer, streamId: number): Buffer {
    const length = frame.length - HEADER_BYTES;
    if (length > MAX_PAYLOAD_BYTES) {
      throw new ResourceExhaustedError(`an answer of ${length} bytes is over the limit of 4 MiB`);
    }
    const queued = this.#outbox.queuedBytes;
    if (queued + frame.length <= this.#limits.maxQueuedBytes) return frame;
    return encodeStatus(streamId, toStatus(new ResourceExhaustedError(`${queued} bytes of answers are unread`)));
  }

  #refuse(streamId: number, err: EngineError): void {
    this.#outbox.push(encodeStatus(streamId, toStatus(err)));
  }

  /** A client that sends and does not read is not read from until it does. */
  #holdBack(): void {
    if (this.#outbox.queuedBytes <= this.#limits.maxQueuedBytes / 2) return;
    this.#outbox.flush();
    // Without this flag no `drain` would follow.
    if (this.#socket.writableNeedDrain) this.#socket.pause();
  }

  #resume(): void {
    if (this.#state !== 'closed') this.#socket.resume();
  }

  #endIfIdle(): void {
    if (this.#state !== 'draining' || this.#active.size > 0) return;
    this.#outbox.flush();
    this.#socket.end();
  }
}
