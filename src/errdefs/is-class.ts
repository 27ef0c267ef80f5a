import type { ErrorClass } from './error-class.js';
import { resolveClass } from './resolve.js';

// Each asks resolveClass, so exactly one of them holds for an error. Go's IsXxx match at any depth instead: there a
// start that failed over a missing file is also "not found", and a caller that reads it so forgets a container.
const is =
  (errorClass: ErrorClass) =>
  (err: unknown): boolean =>
    resolveClass(err) === errorClass;

/** True when the outermost class of `err` is `unknown`. Also true for what has no class at all. */
export const isUnknown: (err: unknown) => boolean = is('unknown');
/** True when the outermost class of `err` is `invalid-argument`. */
export const isInvalidArgument: (err: unknown) => boolean = is('invalid-argument');
/** True when the outermost class of `err` is `not-found`. */
export const isNotFound: (err: unknown) => boolean = is('not-found');
/** True when the outermost class of `err` is `already-exists`. */
export const isAlreadyExists: (err: unknown) => boolean = is('already-exists');
/** True when the outermost class of `err` is `permission-denied`. */
export const isPermissionDenied: (err: unknown) => boolean = is('permission-denied');
/** True when the outermost class of `err` is `resource-exhausted`. */
export const isResourceExhausted: (err: unknown) => boolean = is('resource-exhausted');
/** True when the outermost class of `err` is `failed-precondition`. */
export const isFailedPrecondition: (err: unknown) => boolean = is('failed-precondition');
/** True when the outermost class of `err` is `conflict`. */
export const isConflict: (err: unknown) => boolean = is('conflict');
/** True when the outermost class of `err` is `not-modified`. */
export const isNotModified: (err: unknown) => boolean = is('not-modified');
/** True when the outermost class of `err` is `aborted`. */
export const isAborted: (err: unknown) => boolean = is('aborted');
/** True when the outermost class of `err` is `out-of-range`. */
export const isOutOfRange: (err: unknown) => boolean = is('out-of-range');
/** True when the outermost class of `err` is `not-implemented`. */
export const isNotImplemented: (err: unknown) => boolean = is('not-implemented');
/** True when the outermost class of `err` is `internal`. */
export const isInternal: (err: unknown) => boolean = is('internal');
/** True when the outermost class of `err` is `unavailable`. */
export const isUnavailable: (err: unknown) => boolean = is('unavailable');
/** True when the outermost class of `err` is `data-loss`. */
export const isDataLoss: (err: unknown) => boolean = is('data-loss');
/** True when the outermost class of `err` is `unauthenticated`. */
export const isUnauthenticated: (err: unknown) => boolean = is('unauthenticated');
/** True when the outermost class of `err` is `deadline-exceeded`. Also true for a TimeoutError of AbortSignal. */
export const isDeadlineExceeded: (err: unknown) => boolean = is('deadline-exceeded');
/** True when the outermost class of `err` is `canceled`. Also true for an AbortError. */
export const isCanceled: (err: unknown) => boolean = is('canceled');
