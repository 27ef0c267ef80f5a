import {
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
import type { CodeOf } from './codes.js';
import type { EngineError, EngineErrorOptions } from './engine-error.js';
import type { ErrorClass } from './error-class.js';

type Constructors = {
  readonly [C in ErrorClass]: new (
    message: string,
    options?: EngineErrorOptions<C>,
  ) => EngineError;
};

const CONSTRUCTORS: Constructors = {
  unknown: UnknownError,
  'invalid-argument': InvalidArgumentError,
  'not-found': NotFoundError,
  'already-exists': AlreadyExistsError,
  'permission-denied': PermissionDeniedError,
  'resource-exhausted': ResourceExhaustedError,
  'failed-precondition': FailedPreconditionError,
  conflict: ConflictError,
  'not-modified': NotModifiedError,
  aborted: AbortedError,
  'out-of-range': OutOfRangeError,
  'not-implemented': NotImplementedError,
  internal: InternalError,
  unavailable: UnavailableError,
  'data-loss': DataLossError,
  unauthenticated: UnauthenticatedError,
  'deadline-exceeded': DeadlineExceededError,
  canceled: CanceledError,
};

/** The code to give an error of each class, for a caller that knows what it asked for. */
export type CodeByClass = { readonly [C in ErrorClass]?: CodeOf<C> | undefined };

/** Makes the error of a class that is known only at run time. */
export function createError<C extends ErrorClass>(
  errorClass: C,
  message: string,
  options?: EngineErrorOptions<C>,
): EngineError {
  return new CONSTRUCTORS[errorClass](message, options);
}
