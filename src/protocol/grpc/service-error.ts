import { type ServiceError, status } from '@grpc/grpc-js';
import {
  DataLossError,
  DeadlineExceededError,
  type EngineError,
  fromGrpc,
  UnavailableError,
} from '../../errdefs/index.js';

/**
 * The one place where errors of grpc-js become ours. An UNAVAILABLE that grpc-js made itself, for want of a connection,
 * gets the code that says so; one that a server sent keeps the server's text.
 */
export function fromServiceError(what: string, err: ServiceError, address: string): EngineError {
  if (err.code === status.UNAVAILABLE && isFromTransport(err)) {
    return new UnavailableError(`call ${what}: no connection to containerd at ${address}`, {
      code: 'ERR_CONTAINERD_UNREACHABLE',
      cause: err,
      fields: { address },
    });
  }
  const isOurs = err.code === status.DEADLINE_EXCEEDED && err.details.startsWith('Deadline exceeded after');
  // The server has the same deadline and may be the first to say so, in the words of containerd 1.x.
  const isTheirs = err.code === status.UNKNOWN && /context deadline exceeded(?:: unknown)?$/.test(err.details);
  if (isOurs || isTheirs) {
    return new DeadlineExceededError(`call ${what}: no answer from containerd in time`, {
      cause: err,
      fields: { address },
    });
  }
  if (err.details.startsWith('Response message parsing error')) {
    return new DataLossError(`call ${what}: the answer cannot be read`, { code: 'ERR_WIRE_DECODE', cause: err });
  }
  // No cause: it would say the server's text a second time and nothing else.
  return fromGrpc({ code: err.code ?? status.UNKNOWN, message: err.details ?? err.message });
}

/** False when the call certainly never left this process: there was no connection to send it on. */
export function wasSent(err: unknown): boolean {
  const cause = err instanceof Error ? err.cause : undefined;
  const details = cause instanceof Error && 'details' in cause ? String(cause.details) : '';
  return !details.startsWith('No connection established');
}

/** A status from a server comes with trailers or with another text than these of grpc-js. */
function isFromTransport(err: ServiceError): boolean {
  return /^(No connection established|Connection dropped|Name resolution failed|Failed to start HTTP\/2|read |write |connect |transport)/i.test(
    err.details,
  );
}
