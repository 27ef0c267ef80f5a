import { brandClass, EngineError, type EngineErrorOptions } from './engine-error.js';

/** Nothing more is known about the failure. Retrying may or may not help. Upstream: `errdefs.ErrUnknown`. */
export class UnknownError extends EngineError {
  override readonly errorClass = 'unknown';
  static {
    brandClass(UnknownError, 'unknown', 'UnknownError');
  }
  constructor(message: string, options?: EngineErrorOptions<'unknown'>) {
    super(message, 'ERR_UNKNOWN', options);
  }
}

/** The request is wrong in itself. Change it; a retry fails the same way. Upstream: `errdefs.ErrInvalidArgument`. */
export class InvalidArgumentError extends EngineError {
  override readonly errorClass = 'invalid-argument';
  static {
    brandClass(InvalidArgumentError, 'invalid-argument', 'InvalidArgumentError');
  }
  constructor(message: string, options?: EngineErrorOptions<'invalid-argument'>) {
    super(message, 'ERR_INVALID_ARGUMENT', options);
  }
}

/** The named thing is not there. A delete may take this as done. Upstream: `errdefs.ErrNotFound`. */
export class NotFoundError extends EngineError {
  override readonly errorClass = 'not-found';
  static {
    brandClass(NotFoundError, 'not-found', 'NotFoundError');
  }
  constructor(message: string, options?: EngineErrorOptions<'not-found'>) {
    super(message, 'ERR_NOT_FOUND', options);
  }
}

/** The thing to be made is already there. Upstream: `errdefs.ErrAlreadyExists`. */
export class AlreadyExistsError extends EngineError {
  override readonly errorClass = 'already-exists';
  static {
    brandClass(AlreadyExistsError, 'already-exists', 'AlreadyExistsError');
  }
  constructor(message: string, options?: EngineErrorOptions<'already-exists'>) {
    super(message, 'ERR_ALREADY_EXISTS', options);
  }
}

/** The caller is known and may not do this. Upstream: `errdefs.ErrPermissionDenied`. */
export class PermissionDeniedError extends EngineError {
  override readonly errorClass = 'permission-denied';
  static {
    brandClass(PermissionDeniedError, 'permission-denied', 'PermissionDeniedError');
  }
  constructor(message: string, options?: EngineErrorOptions<'permission-denied'>) {
    super(message, 'ERR_PERMISSION_DENIED', options);
  }
}

/** A limit, a quota or a disk is full. Free some and retry. Upstream: `errdefs.ErrResourceExhausted`. */
export class ResourceExhaustedError extends EngineError {
  override readonly errorClass = 'resource-exhausted';
  static {
    brandClass(ResourceExhaustedError, 'resource-exhausted', 'ResourceExhaustedError');
  }
  constructor(message: string, options?: EngineErrorOptions<'resource-exhausted'>) {
    super(message, 'ERR_RESOURCE_EXHAUSTED', options);
  }
}

/** The state is not the one the operation needs. Change the state first. Upstream: `errdefs.ErrFailedPrecondition`. */
export class FailedPreconditionError extends EngineError {
  override readonly errorClass = 'failed-precondition';
  static {
    brandClass(FailedPreconditionError, 'failed-precondition', 'FailedPreconditionError');
  }
  constructor(message: string, options?: EngineErrorOptions<'failed-precondition'>) {
    super(message, 'ERR_FAILED_PRECONDITION', options);
  }
}

/** The request collides with the current state, an id in use for one. Upstream: `errdefs.ErrConflict`. */
export class ConflictError extends EngineError {
  override readonly errorClass = 'conflict';
  static {
    brandClass(ConflictError, 'conflict', 'ConflictError');
  }
  constructor(message: string, options?: EngineErrorOptions<'conflict'>) {
    super(message, 'ERR_CONFLICT', options);
  }
}

/** The state is already the requested one; nothing was done. Upstream: `errdefs.ErrNotModified`. */
export class NotModifiedError extends EngineError {
  override readonly errorClass = 'not-modified';
  static {
    brandClass(NotModifiedError, 'not-modified', 'NotModifiedError');
  }
  constructor(message: string, options?: EngineErrorOptions<'not-modified'>) {
    super(message, 'ERR_NOT_MODIFIED', options);
  }
}

/** The operation was broken off in the middle. Retry it as a whole. Upstream: `errdefs.ErrAborted`. */
export class AbortedError extends EngineError {
  override readonly errorClass = 'aborted';
  static {
    brandClass(AbortedError, 'aborted', 'AbortedError');
  }
  constructor(message: string, options?: EngineErrorOptions<'aborted'>) {
    super(message, 'ERR_ABORTED', options);
  }
}

/** A value lies past the end of what exists. Upstream: `errdefs.ErrOutOfRange`. */
export class OutOfRangeError extends EngineError {
  override readonly errorClass = 'out-of-range';
  static {
    brandClass(OutOfRangeError, 'out-of-range', 'OutOfRangeError');
  }
  constructor(message: string, options?: EngineErrorOptions<'out-of-range'>) {
    super(message, 'ERR_OUT_OF_RANGE', options);
  }
}

/** This backend, platform or version cannot do it. Upstream: `errdefs.ErrNotImplemented`. */
export class NotImplementedError extends EngineError {
  override readonly errorClass = 'not-implemented';
  static {
    brandClass(NotImplementedError, 'not-implemented', 'NotImplementedError');
  }
  constructor(message: string, options?: EngineErrorOptions<'not-implemented'>) {
    super(message, 'ERR_NOT_IMPLEMENTED', options);
  }
}

/** An invariant of the library or of its peer is broken. Report it. Upstream: `errdefs.ErrInternal`. */
export class InternalError extends EngineError {
  override readonly errorClass = 'internal';
  static {
    brandClass(InternalError, 'internal', 'InternalError');
  }
  constructor(message: string, options?: EngineErrorOptions<'internal'>) {
    super(message, 'ERR_INTERNAL', options);
  }
}

/** The peer cannot be reached now. Retry after a while. Upstream: `errdefs.ErrUnavailable`. */
export class UnavailableError extends EngineError {
  override readonly errorClass = 'unavailable';
  static {
    brandClass(UnavailableError, 'unavailable', 'UnavailableError');
  }
  constructor(message: string, options?: EngineErrorOptions<'unavailable'>) {
    super(message, 'ERR_UNAVAILABLE', options);
  }
}

/** Data is lost or cannot be read back. A retry does not bring it back. Upstream: `errdefs.ErrDataLoss`. */
export class DataLossError extends EngineError {
  override readonly errorClass = 'data-loss';
  static {
    brandClass(DataLossError, 'data-loss', 'DataLossError');
  }
  constructor(message: string, options?: EngineErrorOptions<'data-loss'>) {
    super(message, 'ERR_DATA_LOSS', options);
  }
}

/** The caller did not prove who it is. Upstream: `errdefs.ErrUnauthenticated`. */
export class UnauthenticatedError extends EngineError {
  override readonly errorClass = 'unauthenticated';
  static {
    brandClass(UnauthenticatedError, 'unauthenticated', 'UnauthenticatedError');
  }
  constructor(message: string, options?: EngineErrorOptions<'unauthenticated'>) {
    super(message, 'ERR_UNAUTHENTICATED', options);
  }
}

/** The time ran out. The operation may still have taken effect. Upstream: `context.DeadlineExceeded`. */
export class DeadlineExceededError extends EngineError {
  override readonly errorClass = 'deadline-exceeded';
  static {
    brandClass(DeadlineExceededError, 'deadline-exceeded', 'DeadlineExceededError');
  }
  constructor(message: string, options?: EngineErrorOptions<'deadline-exceeded'>) {
    super(message, 'ERR_DEADLINE_EXCEEDED', options);
  }
}

/** The caller gave up. The operation may still have taken effect. Upstream: `context.Canceled`. */
export class CanceledError extends EngineError {
  override readonly errorClass = 'canceled';
  static {
    brandClass(CanceledError, 'canceled', 'CanceledError');
  }
  constructor(message: string, options?: EngineErrorOptions<'canceled'>) {
    super(message, 'ERR_CANCELED', options);
  }
}
