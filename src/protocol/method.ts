import type { MessageCodec } from './wire/index.js';

/** The shape of one method in the generated service definitions; the same for gRPC and ttrpc. */
export interface MethodDefinition {
  readonly name: string;
  readonly requestType: MessageCodec<unknown>;
  readonly requestStream: boolean;
  readonly responseType: MessageCodec<unknown>;
  readonly responseStream: boolean;
}

export interface ServiceDefinition {
  readonly name: string;
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

export type MethodName<S extends ServiceDefinition, Stream extends boolean> = {
  [M in keyof S['methods']]: S['methods'][M]['responseStream'] extends Stream ? M : never;
}[keyof S['methods']] &
  string;

export type RequestOf<S extends ServiceDefinition, M extends keyof S['methods']> =
  S['methods'][M]['requestType'] extends MessageCodec<infer T> ? T : never;

export type ResponseOf<S extends ServiceDefinition, M extends keyof S['methods']> =
  S['methods'][M]['responseType'] extends MessageCodec<infer T> ? T : never;

/** What every call takes, over either transport. */
export interface RpcCallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Upper bound in milliseconds; `Infinity` waits for ever. @default the transport's */
  readonly timeoutMs?: number | undefined;
}

/** The unary methods of a service as plain functions, whoever answers them. */
export type UnaryCalls<S extends ServiceDefinition, Call = RpcCallOptions> = {
  readonly [M in MethodName<S, false>]: (request: RequestOf<S, M>, call?: Call) => Promise<ResponseOf<S, M>>;
};
