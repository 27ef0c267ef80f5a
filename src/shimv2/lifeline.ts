import { createConnection, type Socket } from 'node:net';
import { type EngineError, UnavailableError } from '../errdefs/index.js';

/** A connection that only sees whether its other end lives. */
export interface Lifeline {
  /** Settles when nobody listens at the socket any more, or with what `close` was given. Never rejects. */
  readonly closed: Promise<EngineError>;
  close(reason: EngineError): void;
}

/**
 * Watches the process behind a socket. For gRPC shims, whose channel tells of a loss only when something is called. A
 * gRPC server ends connections that say nothing (Go: after two minutes): so at each end it is dialled again, and the
 * process is gone when that is refused.
 */
export function watchSocket(path: string): Lifeline {
  let isWatching = true;
  let socket: Socket | undefined;
  let resolveClosed: (reason: EngineError) => void = () => {};
  const closed = new Promise<EngineError>((resolve) => {
    resolveClosed = resolve;
  });
  const close = (reason: EngineError) => {
    isWatching = false;
    socket?.destroy();
    resolveClosed(reason);
  };
  const dial = () => {
    let isConnected = false;
    socket = createConnection({ path });
    socket.resume();
    socket.once('connect', () => {
      isConnected = true;
    });
    // What is wrong shows in `close`, which follows.
    socket.on('error', () => {});
    socket.once('close', () => {
      if (isWatching && isConnected) dial();
      else if (isWatching) close(lost(path));
    });
  };
  dial();
  return { closed, close };
}

function lost(path: string): EngineError {
  return new UnavailableError(`connection to ${path} was ended by the other side`, {
    code: 'ERR_SHIM_CONNECTION_LOST',
    fields: { path },
  });
}
