import { CODES, type ErrorCode, isErrorCode } from './codes.js';
import { createError } from './create-error.js';
import { EngineError, type ErrorFields } from './engine-error.js';
import type { ErrorClass } from './error-class.js';
import { errorText } from './error-text.js';
import { errorTree, ownClass } from './resolve.js';
import { classOfErrno } from './table.js';

interface Finding {
  readonly errorClass: ErrorClass;
  readonly code?: ErrorCode;
  readonly fields?: ErrorFields;
}

/**
 * An EngineError for whatever was thrown, with `err` as its cause. The outermost error that tells something decides:
 * an EngineError gives its class and code, an AbortError is Canceled, a TimeoutError is DeadlineExceeded, a system
 * error goes by its errno; anything else is Unknown. Without a message an EngineError is returned as it is.
 * Never throws.
 *
 * @param message what was being done, such as `open fifo`. @default the text of `err`
 */
export function toEngineError(err: unknown, message?: string): EngineError {
  if (err instanceof EngineError && message === undefined) return err;
  const { errorClass, code, fields } = find(err);
  return createError(errorClass, message ?? (errorText(err) || 'unknown error'), { code, cause: err, fields });
}

function find(err: unknown): Finding {
  for (const each of errorTree(err)) {
    const errorClass = ownClass(each);
    if (errorClass !== undefined) return { errorClass, ...codeOf(each, errorClass) };
    const system = fromErrno(each);
    if (system !== undefined) return system;
  }
  return { errorClass: 'unknown' };
}

function codeOf(err: unknown, errorClass: ErrorClass): { code?: ErrorCode } {
  // Another copy of the package may know codes that this one does not, or have moved one.
  const known = err instanceof EngineError && isErrorCode(err.code) && CODES[err.code].class === errorClass;
  return known ? { code: err.code } : {};
}

function fromErrno(err: unknown): Finding | undefined {
  if (typeof err !== 'object' || err === null || !('code' in err) || typeof err.code !== 'string') return undefined;
  const syscall = 'syscall' in err && typeof err.syscall === 'string' ? err.syscall : undefined;
  const errorClass = classOfErrno(err.code, syscall);
  if (errorClass === undefined) return undefined;
  const path = 'path' in err && typeof err.path === 'string' ? { path: err.path } : {};
  return { errorClass, fields: { errno: err.code, ...(syscall === undefined ? {} : { syscall }), ...path } };
}
