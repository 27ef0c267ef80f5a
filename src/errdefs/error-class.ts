/**
 * Every error class, in the order of containerd's `errdefs/errors.go`; the two context errors come last.
 *
 * A class says what the caller should do about a failure, not where it happened.
 */
export const ERROR_CLASSES = [
  'unknown',
  'invalid-argument',
  'not-found',
  'already-exists',
  'permission-denied',
  'resource-exhausted',
  'failed-precondition',
  'conflict',
  'not-modified',
  'aborted',
  'out-of-range',
  'not-implemented',
  'internal',
  'unavailable',
  'data-loss',
  'unauthenticated',
  'deadline-exceeded',
  'canceled',
] as const;

/** What the caller should do about a failure. Equal to the classes of containerd's `errdefs`. */
export type ErrorClass = (typeof ERROR_CLASSES)[number];
