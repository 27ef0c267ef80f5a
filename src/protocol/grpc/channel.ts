import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import {
  CanceledError,
  cancellation,
  DataLossError,
  type EngineError,
  toStatus,
  UnavailableError,
} from '../../errdefs/index.js';
import { listenForAbort } from '../../platform/abort.js';
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
import { decodeMessage, encodeMessage, type MessageCodec } from '../wire/index.js';
import { fromServiceError } from './service-error.js';
import { grpcTarget } from './target.js';

/** containerd's own limit for a message, both ways. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * channelz costs 100 µs a call (measured, house-style section 4). Retries are off: grpc-js would retry a call that never
 * left, and hide from us that containerd went away; reconnecting is the event stream's business. The backoff is short
 * since the peer is on this machine: with the default a restarted containerd is found after minutes (grpc-node#1591).
 */
const CHANNEL_OPTIONS = {
  'grpc.enable_channelz': 0,
  'grpc.enable_retries': 0,
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 500,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.default_authority': 'localhost',
};

/** @default timeoutMs 30 000 */
export interface GrpcCallOptions extends RpcCallOptions {
  /** Wait for the connection, up to the deadline, in place of failing at once. @default false */
  readonly waitForReady?: boolean | undefined;
  /** In place of the channel's namespace; empty for none. */
  readonly namespace?: string | undefined;
}

/** One connection to a containerd, typed by the generated service definitions. Errors are `EngineError`s. */
export class GrpcChannel {
  readonly address: string;
  readonly rpcs: RpcCounter;
  readonly #client: Client;
  readonly #namespace: string;
  readonly #pending = new Set<{ cancel(): void }>();
  #closedBecause: EngineError | undefined;

  /**
   * Connects at the first call.
   * @param backend for `RPC_CHANNEL`: some shims speak gRPC too
   * @throws InvalidArgumentError `ERR_ADDRESS_INVALID`
   */
  constructor(address: string, namespace: string, backend: 'containerd' | 'shim' = 'containerd') {
    this.address = address;
    this.rpcs = new RpcCounter(backend);
    this.#namespace = namespace;
    this.#client = new Client(grpcTarget(address), credentials.createInsecure(), CHANNEL_OPTIONS);
  }

  /** @throws EngineError of the status' class; Canceled when `signal` fires; DeadlineExceeded past `timeoutMs` */
  unary<S extends ServiceDefinition, M extends MethodName<S, false>>(
    service: S,
    method: M,
    request: RequestOf<S, M>,
    call: GrpcCallOptions = {},
  ): Promise<ResponseOf<S, M>> {
    const definition = methodOf(service, method);
    const what = `${service.name}/${definition.name}`;
    const refusal = this.#refusal(what, call.signal);
    if (refusal !== undefined) return Promise.reject(refusal);
    const done = this.rpcs.begin(what);
    return new Promise((resolve, reject) => {
      const fail = (err: EngineError) => {
        done(toStatus(err).code);
        reject(err);
      };
      const pending = this.#client.makeUnaryRequest<RequestOf<S, M>, ResponseOf<S, M>>(
        `/${service.fullName}/${definition.name}`,
        (message) => encodeMessage(definition.requestType as MessageCodec<RequestOf<S, M>>, message),
        (bytes) => decodeMessage(definition.responseType as MessageCodec<ResponseOf<S, M>>, bytes),
        request,
        this.#metadata(call),
        { deadline: deadlineOf(call) },
        (err, response) => {
          this.#pending.delete(pending);
          call.signal?.removeEventListener('abort', onAbort);
          if (err !== null) return fail(this.#translate(what, err, call));
          if (response === undefined) return fail(new DataLossError(`call ${what}: the answer is empty`));
          done(0);
          return resolve(response);
        },
      );
      const onAbort = () => pending.cancel();
      this.#pending.add(pending);
      listenForAbort(call.signal, onAbort);
    });
  }

  /** The unary methods of a service as functions. */
  service<S extends ServiceDefinition>(definition: S): UnaryCalls<S, GrpcCallOptions> {
    const methods = Object.keys(definition.methods).filter(
      (name) => definition.methods[name]?.responseStream === false,
    );
    const calls = methods.map((name) => [
      name,
      (request: never, call?: GrpcCallOptions) => this.unary(definition, name as MethodName<S, false>, request, call),
    ]);
    // The compiler cannot follow a method's name through the entries.
    return Object.fromEntries(calls) as UnaryCalls<S, GrpcCallOptions>;
  }

  /** The answers of a server stream. Leaving the loop cancels the call. Without `timeoutMs` it may last for ever. */
  async *stream<S extends ServiceDefinition, M extends MethodName<S, true>>(
    service: S,
    method: M,
    request: RequestOf<S, M>,
    call: GrpcCallOptions = {},
  ): AsyncGenerator<ResponseOf<S, M>, void, undefined> {
    const definition = methodOf(service, method);
    const what = `${service.name}/${definition.name}`;
    const refusal = this.#refusal(what, call.signal);
    if (refusal !== undefined) throw refusal;
    const done = this.rpcs.begin(what, { isStream: true });
    const stream = this.#client.makeServerStreamRequest<RequestOf<S, M>, ResponseOf<S, M>>(
      `/${service.fullName}/${definition.name}`,
      (message) => encodeMessage(definition.requestType as MessageCodec<RequestOf<S, M>>, message),
      (bytes) => decodeMessage(definition.responseType as MessageCodec<ResponseOf<S, M>>, bytes),
      request,
      this.#metadata(call),
      call.timeoutMs === undefined ? {} : { deadline: deadlineOf(call) },
    );
    // The iterator reports errors; this keeps one that comes after we left from ending the process.
    stream.on('error', () => {});
    this.#pending.add(stream);
    const onAbort = () => stream.cancel();
    listenForAbort(call.signal, onAbort);
    let code = 0;
    try {
      for await (const message of stream) yield message as ResponseOf<S, M>;
    } catch (err) {
      const error = isServiceError(err)
        ? this.#translate(what, err, call)
        : new UnavailableError(`call ${what}: the stream broke`, { cause: err });
      code = toStatus(error).code;
      throw error;
    } finally {
      call.signal?.removeEventListener('abort', onAbort);
      this.#pending.delete(stream);
      stream.cancel();
      done(code);
    }
  }

  /** Whether the peer speaks HTTP/2: true as soon as it does, false after `withinMs`. */
  isReady(withinMs: number): Promise<boolean> {
    return new Promise((resolve) =>
      this.#client.waitForReady(Date.now() + withinMs, (err) => resolve(err === undefined)),
    );
  }

  /** Ends the connection; calls under way fail with `reason`. Idempotent. */
  close(reason: EngineError = new CanceledError('the client is closed', { code: 'ERR_CLIENT_CLOSED' })): void {
    if (this.#closedBecause !== undefined) return;
    this.#closedBecause = reason;
    for (const call of this.#pending) call.cancel();
    this.#client.close();
  }

  /**
   * For calls that may end before anything is sent.
   * @throws CanceledError when the channel is closed or the signal has fired
   */
  assertUsable(what: string, signal: AbortSignal | undefined): void {
    const refusal = this.#refusal(what, signal);
    if (refusal !== undefined) throw refusal;
  }

  #refusal(what: string, signal: AbortSignal | undefined): EngineError | undefined {
    if (this.#closedBecause !== undefined) return closedError(what, this.#closedBecause);
    return signal?.aborted ? cancellation(`call ${what}`, signal.reason) : undefined;
  }

  #translate(what: string, err: ServiceError, call: GrpcCallOptions): EngineError {
    if (this.#closedBecause !== undefined) return closedError(what, this.#closedBecause);
    if (err.code === status.CANCELLED && call.signal?.aborted) return cancellation(`call ${what}`, call.signal.reason);
    return fromServiceError(what, err, this.address);
  }

  #metadata(call: GrpcCallOptions): Metadata {
    const metadata = new Metadata({ waitForReady: call.waitForReady ?? false });
    const namespace = call.namespace ?? this.#namespace;
    if (namespace !== '') metadata.set('containerd-namespace', namespace);
    return metadata;
  }
}

function isServiceError(err: unknown): err is ServiceError {
  return err instanceof Error && 'code' in err && 'details' in err && 'metadata' in err;
}

function methodOf(service: ServiceDefinition, method: string): MethodDefinition {
  const definition = service.methods[method];
  if (definition === undefined) throw new TypeError(`${service.name} has no method ${method}`);
  return definition;
}

function deadlineOf(call: GrpcCallOptions): number {
  const timeoutMs = call.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : Date.now() + timeoutMs;
}

function closedError(what: string, cause: EngineError): EngineError {
  return new CanceledError(`call ${what}: the client is closed`, { code: 'ERR_CLIENT_CLOSED', cause });
}
