import { errorText } from './error-text.js';
import { resolveClass } from './resolve.js';
import { CLASS_TABLE, type RpcStatus } from './table.js';

/**
 * The status a ttrpc or gRPC server answers with for `err`: the number of its outermost class and its whole text,
 * ending with the text of the class as a Go server's does. `fromGrpc` makes an error of the same class and text of it.
 * Never throws. Upstream: `errgrpc.ToGRPC`.
 */
export function toStatus(err: unknown): RpcStatus {
  const row = CLASS_TABLE[resolveClass(err)];
  const text = errorText(err);
  // Always added, even when the text ends with it already: one comes off at the other side, and a FailedPrecondition
  // whose own words end in ": conflict" must not turn into a Conflict on the way.
  const message = text === '' || text === row.text ? row.text : `${text}: ${row.text}`;
  return { code: row.grpc, message };
}

/** The HTTP status of the outermost class of `err`. Upstream: moby's `httpstatus.FromError`, for native errors. */
export function toHttpStatus(err: unknown): number {
  return CLASS_TABLE[resolveClass(err)].http;
}
