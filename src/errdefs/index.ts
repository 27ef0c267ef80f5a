export { cancellation } from './cancellation.js';
export {
  AbortedError,
  AlreadyExistsError,
  CanceledError,
  ConflictError,
  DataLossError,
  DeadlineExceededError,
  FailedPreconditionError,
  InternalError,
  InvalidArgumentError,
  NotFoundError,
  NotImplementedError,
  NotModifiedError,
  OutOfRangeError,
  PermissionDeniedError,
  ResourceExhaustedError,
  UnauthenticatedError,
  UnavailableError,
  UnknownError,
} from './classes.js';
export { CODES, type CodeOf, type CodeRow, type ErrorCode, isErrorCode } from './codes.js';
export { type CodeByClass, createError } from './create-error.js';
export { EngineError, type EngineErrorOptions, type ErrorFields } from './engine-error.js';
export { ERROR_CLASSES, type ErrorClass } from './error-class.js';
export { errorText } from './error-text.js';
export { type FromGrpcOptions, fromGrpc } from './from-grpc.js';
export { toEngineError } from './from-system.js';
export {
  isAborted,
  isAlreadyExists,
  isCanceled,
  isConflict,
  isDataLoss,
  isDeadlineExceeded,
  isFailedPrecondition,
  isInternal,
  isInvalidArgument,
  isNotFound,
  isNotImplemented,
  isNotModified,
  isOutOfRange,
  isPermissionDenied,
  isResourceExhausted,
  isUnauthenticated,
  isUnavailable,
  isUnknown,
} from './is-class.js';
export { resolveClass } from './resolve.js';
export { CLASS_TABLE, type ClassRow, classOfErrno, type RpcStatus } from './table.js';
export { toHttpStatus, toStatus } from './to-status.js';
