import { type CodeByClass, createError } from './create-error.js';
import type { EngineError, ErrorFields } from './engine-error.js';
import { ERROR_CLASSES, type ErrorClass } from './error-class.js';
import { CLASS_TABLE, type RpcStatus } from './table.js';

export interface FromGrpcOptions {
  /** The code for each class the call may end with, when the caller knows: `{ 'not-found': 'ERR_TASK_NOT_FOUND' }`. */
  readonly codes?: CodeByClass | undefined;
  readonly cause?: unknown;
  readonly fields?: ErrorFields | undefined;
}

const UNKNOWN = CLASS_TABLE.unknown.grpc;
const FAILED_PRECONDITION = CLASS_TABLE['failed-precondition'].grpc;
const CLASS_BY_CODE = new Map<number, ErrorClass>(
  ERROR_CLASSES.filter((c) => CLASS_TABLE[c].toldByText === undefined).map((c) => [CLASS_TABLE[c].grpc, c]),
);

/**
 * The error that a gRPC status, or a `google.rpc.Status` of ttrpc, stands for. A number outside the table gives an
 * UnknownError. Never throws. The details of a status are not read: the message holds the text of every joined error.
 *
 * Upstream: `errgrpc.ToNative`.
 */
export function fromGrpc(status: RpcStatus, options: FromGrpcOptions = {}): EngineError {
  const errorClass = classOfStatus(status);
  return createError(errorClass, rebaseMessage(errorClass, status.message), {
    code: options.codes?.[errorClass],
    cause: options.cause,
    fields: options.fields,
  });
}

function classOfStatus({ code, message }: RpcStatus): ErrorClass {
  if (code === FAILED_PRECONDITION) {
    if (endsWithClass(message, 'conflict')) return 'conflict';
    if (endsWithClass(message, 'not-modified')) return 'not-modified';
  }
  if (code === UNKNOWN) {
    // A ttrpc server in Go sends a context error of its handler as Unknown; only the text still tells
    // (containerd core/runtime/v2/shim.go, cleanupShimTask).
    if (endsWithClass(message, 'deadline-exceeded')) return 'deadline-exceeded';
    if (endsWithClass(message, 'canceled')) return 'canceled';
  }
  return CLASS_BY_CODE.get(code) ?? 'unknown';
}

function endsWithClass(message: string, errorClass: ErrorClass): boolean {
  const { text } = CLASS_TABLE[errorClass];
  return message === text || message.endsWith(`: ${text}`);
}

/**
 * A Go peer ends its message with the text of the class (`load task: not found`), and wrapping it again would say it
 * twice. Exactly one is taken off, as upstream does: `toStatus` puts exactly one on. What would be empty stays.
 */
function rebaseMessage(errorClass: ErrorClass, message: string): string {
  const { text } = CLASS_TABLE[errorClass];
  const suffix = `: ${text}`;
  const rest = message.endsWith(suffix) ? message.slice(0, -suffix.length) : message;
  return rest === '' ? text : rest;
}
