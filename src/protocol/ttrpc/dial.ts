import { connect, type Socket } from 'node:net';
import process from 'node:process';
import {
  cancellation,
  DeadlineExceededError,
  type EngineError,
  PermissionDeniedError,
  toEngineError,
  UnavailableError,
} from '../../errdefs/index.js';
import { listenForAbort } from '../../platform/abort.js';
import { socketAddress } from './address.js';

const READ_BYTES = 64 * 1024;
const TIMER_MAX_MS = 2 ** 31 - 1;

/**
 * One buffer that every connection is read into: libuv fills it and calls back before it reads anything else, and
 * nothing is kept of it after the call. A buffer each would cost 64 KiB a container. Windows may read at any time.
 */
let shared: Uint8Array | undefined;

function readBuffer(): Uint8Array {
  if (process.platform === 'win32') return Buffer.allocUnsafeSlow(READ_BYTES);
  shared ??= Buffer.allocUnsafeSlow(READ_BYTES);
  return shared;
}

export interface DialLimits {
  readonly signal: AbortSignal | undefined;
  /** `Infinity` waits for ever. */
  readonly timeoutMs: number;
}

/**
 * Connects to the socket of a shim. `onData` gets what arrives, in a buffer that is used again after the call.
 * @throws UnavailableError `ERR_SHIM_UNREACHABLE`; PermissionDeniedError; DeadlineExceededError; CanceledError;
 *   InvalidArgumentError `ERR_ADDRESS_INVALID`
 */
export function dial(address: string, limits: DialLimits, onData: (chunk: Buffer) => void): Promise<Socket> {
  const { signal, timeoutMs } = limits;
  const what = `connect to ${address}`;
  return new Promise((resolve, reject) => {
    const path = socketAddress(address);
    if (signal?.aborted) throw cancellation(what, signal.reason);
    if (!(timeoutMs > 0)) throw new DeadlineExceededError(`${what}: no time is left`);
    const callback = (size: number, buffer: Uint8Array) => {
      onData(Buffer.from(buffer.buffer, buffer.byteOffset, size));
      return true;
    };
    const socket = connect({ path, onread: { buffer: readBuffer(), callback } });
    const settle = (error?: EngineError) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect);
      if (error === undefined) {
        // Whoever gets the socket listens too late: a promise is between.
        socket.on('error', () => {});
        resolve(socket);
      } else {
        socket.destroy();
        reject(error);
      }
    };
    const onConnect = () => {
      socket.off('error', onError);
      settle();
    };
    const onError = (err: Error) => settle(translate(address, err));
    const onAbort = () => settle(cancellation(what, signal?.reason));
    socket.once('connect', onConnect);
    socket.on('error', onError);
    listenForAbort(signal, onAbort);
    const timer =
      timeoutMs === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(
            () => settle(new DeadlineExceededError(`${what}: not connected within ${Math.round(timeoutMs)} ms`)),
            Math.min(timeoutMs, TIMER_MAX_MS),
          );
  });
}

function translate(address: string, err: Error): EngineError {
  const code = 'code' in err ? err.code : undefined;
  const fields = { address };
  switch (code) {
    case 'ECONNREFUSED':
    case 'ENOENT':
    case 'ENOTDIR':
      return new UnavailableError(`connect to ${address}: nobody listens there`, {
        code: 'ERR_SHIM_UNREACHABLE',
        cause: err,
        fields,
      });
    case 'EAGAIN':
      // Its queue is full: it lives, and lets nobody in.
      return new DeadlineExceededError(`connect to ${address}: too many wait to be let in`, { cause: err, fields });
    case 'EACCES':
    case 'EPERM':
      return new PermissionDeniedError(`connect to ${address}`, { cause: err, fields });
    default:
      return toEngineError(err, `connect to ${address}`);
  }
}
