import type { Socket } from 'node:net';
import {
  CanceledError,
  cancellation,
  DataLossError,
  DeadlineExceededError,
  type EngineError,
  fromGrpc,
  InternalError,
  InvalidArgumentError,
  ResourceExhaustedError,
  toEngineError,
  toStatus,
  UnavailableError,
} from '../../errdefs/index.js';
import { RpcCounter } from '../../telemetry/rpc.js';
import type {
  MethodDefinition,
  MethodName,
  RequestOf,
  ResponseOf,
  RpcCallOptions,
  ServiceDefinition,
  UnaryCalls,
} from '../method.js';
import { decodeMessage, type MessageCodec } from '../wire/index.js';
import type { TtrpcCallOptions } from './call-options.js';
import { dial } from './dial.js';
import { HEADER_BYTES, MAX_PAYLOAD_BYTES, MESSAGE_TYPE, setStreamId } from './frame.js';
import { type Frame, FrameDecoder } from './frame-decoder.js';
import { Outbox } from './outbox.js';
import { PendingCalls } from './pending-calls.js';
import { encodeRequest } from './request.js';
import { decodeResponse, type IncomingResponse } from './response.js';

const DEFAULT_TIMEOUT_MS = 10_000;
/** A few of the largest messages. A shim that leaves this much unread is stuck. */
const DEFAULT_MAX_QUEUED_BYTES = 16 * 1024 * 1024;

export interface TtrpcClientOptions {
  /** The containerd namespace of all calls. @default none */
  readonly namespace?: string | undefined;
  /** For calls that give none, and for connecting; milliseconds, `Infinity` waits for ever. @default 10 000 */
  readonly timeoutMs?: number | undefined;
  /** Requests that the server has not read; past it, calls fail. @default 16 MiB */
  readonly maxQueuedBytes?: number | undefined;
}

/**
 * One connection to a ttrpc server, typed by the generated service definitions. It does not connect again: what lives
 * on the connection is the caller's to rebuild. Errors are `EngineError`s.
 *
 * Upstream: ttrpc `client.go`.
 */
export class TtrpcClient {
  readonly address: string;
  /** Settles once, with the reason, when the connection has ended by either side. Never rejects. */
  readonly closed: Promise<EngineError>;
  readonly rpcs = new RpcCounter('shim');
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #decoder = new FrameDecoder();
  readonly #calls = new PendingCalls();
  readonly #namespace: string;
  readonly #timeoutMs: number;
  readonly #maxQueuedBytes: number;
  readonly #resolveClosed: (reason: EngineError) => void;
  #endedBecause: EngineError | undefined;

  private constructor(address: string, socket: Socket, options: TtrpcClientOptions) {
    this.address = address;
    this.#socket = socket;
    this.#outbox = new Outbox(socket);
    this.#namespace = options.namespace ?? '';
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#maxQueuedBytes = options.maxQueuedBytes ?? DEFAULT_MAX_QUEUED_BYTES;
    let resolveClosed: (reason: EngineError) => void = () => {};
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.#resolveClosed = resolveClosed;
    socket.on('error', (err) => this.#lose(err));
    socket.on('end', () => this.#lose());
    socket.on('close', () => this.#lose());
  }

  /**
   * @param address `/path`, `unix:///path`; `@name`, `unix://@name` or a leading NUL for an abstract socket
   * @param call bounds the connecting. @default timeoutMs the client's
   * @throws UnavailableError `ERR_SHIM_UNREACHABLE` when nobody listens; PermissionDeniedError; DeadlineExceededError;
   *   CanceledError; InvalidArgumentError `ERR_ADDRESS_INVALID`
   */
  static async connect(
    address: string,
    options: TtrpcClientOptions = {},
    call: RpcCallOptions = {},
  ): Promise<TtrpcClient> {
    const timeoutMs = call.timeoutMs ?? options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    let receive: (chunk: Buffer) => void = () => {};
    const socket = await dial(address, { signal: call.signal, timeoutMs }, (chunk) => receive(chunk));
    const client = new TtrpcClient(address, socket, options);
    receive = (chunk) => client.#onData(chunk);
    // Between the connection and this line its end may have come, and then no event follows.
    if (socket.destroyed || socket.readableEnded) client.#lose(socket.errored ?? undefined);
    return client;
  }

  /**
   * Calls a method. Past the deadline or when the signal fires only the waiting ends: the server is not told, since
   * ttrpc has no words for it, and its late answer is dropped.
   * @throws EngineError of the status' class; DeadlineExceededError past `timeoutMs`; CanceledError when `signal`
   *   fires; UnavailableError `ERR_SHIM_CONNECTION_LOST`; ResourceExhaustedError for a message over 4 MiB and for a
   *   server that does not read; DataLossError `ERR_WIRE_DECODE`; CanceledError `ERR_CLIENT_CLOSED` after `close`
   */
  unary<S extends ServiceDefinition, M extends MethodName<S, false>>(
    service: S,
    method: M,
    request: RequestOf<S, M>,
    call: TtrpcCallOptions = {},
  ): Promise<ResponseOf<S, M>> {
    const definition = methodOf(service, method);
    const name = `${service.name}/${definition.name}`;
    const what = `call ${name}`;
    const timeoutMs = call.timeoutMs ?? this.#timeoutMs;
    const refusal = this.#refusal(what, timeoutMs, call.signal);
    if (refusal !== undefined) return Promise.reject(refusal);
    let frame: Buffer;
    try {
      frame = encodeRequest({
        service: service.fullName,
        method: definition.name,
        timeoutMs,
        namespace: call.namespace ?? this.#namespace,
        writePayload: (writer) => (definition.requestType as MessageCodec<RequestOf<S, M>>).encode(request, writer),
      });
    } catch (err) {
      return Promise.reject(new InvalidArgumentError(`${what}: the request cannot be encoded`, { cause: err }));
    }
    const excess = this.#excess(what, frame);
    if (excess !== undefined) return Promise.reject(excess);
    const done = this.rpcs.begin(name);
    return new Promise((resolve, reject) => {
      const fail = (err: EngineError) => {
        done(toStatus(err).code);
        reject(err);
      };
      const answer = ({ failure, payload }: IncomingResponse) => {
        if (failure !== undefined) return fail(fromGrpc(failure, { fields: { address: this.address } }));
        let response: ResponseOf<S, M>;
        try {
          response = decodeMessage(definition.responseType as MessageCodec<ResponseOf<S, M>>, payload);
        } catch (err) {
          return fail(undecodable(what, err));
        }
        done(0);
        return resolve(response);
      };
      const id = this.#calls.open({ what, answer, fail }, { signal: call.signal, timeoutMs });
      setStreamId(frame, id);
      this.#outbox.push(frame);
    });
  }

  /** All unary methods of a service as functions. */
  service<S extends ServiceDefinition>(definition: S): UnaryCalls<S, TtrpcCallOptions> {
    const calls: Record<string, unknown> = {};
    for (const [name, { requestStream, responseStream }] of Object.entries(definition.methods)) {
      if (requestStream || responseStream) continue;
      // The name is one of this service's, which is more than the compiler can see of a key.
      const method = name as MethodName<S, false>;
      calls[name] = (request: RequestOf<S, typeof method>, call?: TtrpcCallOptions) =>
        this.unary(definition, method, request, call);
    }
    // Filled key by key from the same definition that the type is made from.
    return calls as UnaryCalls<S, TtrpcCallOptions>;
  }

  /** Ends the connection; calls under way, and later ones, fail with `reason`. Idempotent. */
  close(reason: EngineError = new CanceledError('the client is closed', { code: 'ERR_CLIENT_CLOSED' })): void {
    this.#end(reason);
  }

  #refusal(what: string, timeoutMs: number, signal: AbortSignal | undefined): EngineError | undefined {
    if (this.#endedBecause !== undefined) return toEngineError(this.#endedBecause, what);
    if (signal?.aborted) return cancellation(what, signal.reason);
    return timeoutMs > 0 ? undefined : new DeadlineExceededError(`${what}: no time is left`);
  }

  #excess(what: string, frame: Buffer): EngineError | undefined {
    const length = frame.length - HEADER_BYTES;
    if (length > MAX_PAYLOAD_BYTES) {
      return new ResourceExhaustedError(`${what}: a request of ${length} bytes is over the limit of 4 MiB`);
    }
    const queued = this.#outbox.queuedBytes;
    if (queued + frame.length > this.#maxQueuedBytes) {
      return new ResourceExhaustedError(`${what}: ${this.address} leaves ${queued} bytes of requests unread`);
    }
    if (this.#calls.hasIds) return undefined;
    const used = new UnavailableError(`connection to ${this.address} has no stream ids left`, {
      code: 'ERR_SHIM_CONNECTION_LOST',
    });
    this.#end(used);
    return toEngineError(used, what);
  }

  #onData(chunk: Buffer): void {
    try {
      for (const frame of this.#decoder.push(chunk)) {
        if (this.#endedBecause !== undefined) return;
        this.#onFrame(frame);
      }
    } catch (err) {
      this.#end(new InternalError(`read from ${this.address}`, { cause: err }));
    }
  }

  #onFrame({ type, streamId, payload, length }: Frame): void {
    if (type !== MESSAGE_TYPE.response && type !== MESSAGE_TYPE.data) {
      this.#endAsBroken(`a frame of type ${type} from a server`);
    } else if (!this.#calls.knew(streamId)) {
      this.#endAsBroken(`an answer on stream ${streamId}, which nobody opened`);
    } else if (payload === undefined) {
      this.#calls.fail(
        streamId,
        (what) => new ResourceExhaustedError(`${what}: an answer of ${length} bytes is over the limit of 4 MiB`),
      );
    } else if (type === MESSAGE_TYPE.data) {
      this.#calls.fail(streamId, (what) => undecodable(what, new Error('the server streams where one answer is due')));
    } else {
      this.#onResponse(streamId, payload);
    }
  }

  #onResponse(streamId: number, payload: Buffer): void {
    let response: IncomingResponse;
    try {
      response = decodeResponse(payload);
    } catch (err) {
      this.#endAsBroken(`a response on stream ${streamId} that is none`, err);
      return;
    }
    this.#calls.answer(streamId, response);
  }

  #endAsBroken(what: string, cause?: unknown): void {
    this.#end(
      new DataLossError(`read from ${this.address}: ${what}`, {
        code: 'ERR_WIRE_DECODE',
        cause,
        fields: { address: this.address },
      }),
    );
  }

  #lose(cause?: Error): void {
    if (this.#endedBecause !== undefined) return;
    const how = this.#decoder.isInsideFrame ? 'in the middle of a message' : 'by the other side';
    this.#end(
      new UnavailableError(`connection to ${this.address} was ended ${how}`, {
        code: 'ERR_SHIM_CONNECTION_LOST',
        cause,
        fields: { address: this.address },
      }),
    );
  }

  #end(reason: EngineError): void {
    if (this.#endedBecause !== undefined) return;
    this.#endedBecause = reason;
    this.#socket.destroy();
    this.#calls.failAll((what) => toEngineError(reason, what));
    this.#resolveClosed(reason);
  }
}

function methodOf(service: ServiceDefinition, method: string): MethodDefinition {
  const definition = service.methods[method];
  if (definition === undefined) throw new TypeError(`${service.name} has no method ${method}`);
  return definition;
}

function undecodable(what: string, cause: unknown): DataLossError {
  return new DataLossError(`${what}: the answer cannot be read`, { code: 'ERR_WIRE_DECODE', cause });
}
