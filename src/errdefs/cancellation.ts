import { CanceledError, DeadlineExceededError } from './classes.js';

/**
 * The error for a call whose signal has fired, whatever reason the caller gave: a timeout signal's is a deadline, any
 * other a cancellation.
 * @param reason of the signal; becomes the cause
 */
export function cancellation(what: string, reason: unknown): CanceledError | DeadlineExceededError {
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new DeadlineExceededError(`${what}: the caller's time is up`, { cause: reason });
  }
  return new CanceledError(`${what}: the caller cancelled`, { cause: reason });
}
