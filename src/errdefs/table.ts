import { ERROR_CLASSES, type ErrorClass } from './error-class.js';

/** A gRPC status or a `google.rpc.Status` of ttrpc, as far as errors need it. */
export interface RpcStatus {
  readonly code: number;
  readonly message: string;
}

/** How one class looks outside this library. */
export interface ClassRow {
  /** The sentinel of Go, in `errdefs` or in `context`. */
  readonly upstream: string;
  /** The text of that sentinel: a Go peer ends its messages with it. */
  readonly text: string;
  readonly grpc: number;
  /** ttrpc borrows gRPC's numbers; a column of its own because it is another protocol that may drift. */
  readonly ttrpc: number;
  /** Set when another class owns the number and only the end of the message tells this one (`errgrpc.ToNative`). */
  readonly toldByText?: true;
  /** What moby's `httpstatus.FromError` answers for a native error of the class. */
  readonly http: number;
  /** What it answers when the error is still a bare gRPC status, where that differs. */
  readonly httpOfRpc?: number;
  /** The errnos that mean this class when nothing else is known. No errno is in two rows. */
  readonly errnos: readonly string[];
  // HRESULTs of HCS become one more column here.
}

/**
 * The one table between an error class and gRPC, ttrpc, HTTP and errno. Every converter is derived from it.
 *
 * Upstream: `errdefs/errors.go`, `errdefs/pkg/errgrpc/grpc.go`, `moby/daemon/server/httpstatus/status.go`.
 */
export const CLASS_TABLE: { readonly [C in ErrorClass]: ClassRow } = {
  unknown: row('ErrUnknown', 'unknown', 2, 500, []),
  'invalid-argument': row('ErrInvalidArgument', 'invalid argument', 3, 400, ['EINVAL']),
  'not-found': row('ErrNotFound', 'not found', 5, 404, ['ENOENT', 'ESRCH']),
  'already-exists': { ...row('ErrAlreadyExists', 'already exists', 6, 500, ['EEXIST']), httpOfRpc: 409 },
  'permission-denied': row('ErrPermissionDenied', 'permission denied', 7, 403, ['EACCES', 'EPERM']),
  'resource-exhausted': row('ErrResourceExhausted', 'resource exhausted', 8, 500, [
    'ENOSPC',
    'EMFILE',
    'ENFILE',
    'ENOMEM',
    'EDQUOT',
  ]),
  'failed-precondition': { ...row('ErrFailedPrecondition', 'failed precondition', 9, 500, ['EBUSY']), httpOfRpc: 400 },
  conflict: { ...row('ErrConflict', 'conflict', 9, 409, []), toldByText: true },
  'not-modified': { ...row('ErrNotModified', 'not modified', 9, 304, []), toldByText: true },
  aborted: row('ErrAborted', 'aborted', 10, 500, ['ECONNRESET']),
  'out-of-range': { ...row('ErrOutOfRange', 'out of range', 11, 500, []), httpOfRpc: 400 },
  'not-implemented': row('ErrNotImplemented', 'not implemented', 12, 501, ['ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']),
  internal: row('ErrInternal', 'internal', 13, 500, []),
  unavailable: row('ErrUnavailable', 'unavailable', 14, 503, ['ECONNREFUSED', 'EPIPE']),
  'data-loss': row('ErrDataLoss', 'data loss', 15, 500, []),
  // Go's sentinel says "unauthorized", not "unauthenticated".
  unauthenticated: row('ErrUnauthenticated', 'unauthorized', 16, 401, []),
  'deadline-exceeded': row('context.DeadlineExceeded', 'context deadline exceeded', 4, 500, ['ETIMEDOUT']),
  canceled: row('context.Canceled', 'context canceled', 1, 500, []),
};

const CLASS_BY_ERRNO = new Map(ERROR_CLASSES.flatMap((c) => CLASS_TABLE[c].errnos.map((errno) => [errno, c] as const)));

/**
 * The class an errno means, or undefined when it says nothing.
 *
 * @param syscall a missing or dead socket (`connect` with ENOENT) is a peer that does not run, not a missing thing
 */
export function classOfErrno(errno: string, syscall?: string): ErrorClass | undefined {
  if (errno === 'ENOENT' && syscall === 'connect') return 'unavailable';
  return CLASS_BY_ERRNO.get(errno);
}

function row(upstream: string, text: string, rpc: number, http: number, errnos: readonly string[]): ClassRow {
  return { upstream, text, grpc: rpc, ttrpc: rpc, http, errnos };
}
