import { InvalidArgumentError } from '../../errdefs/index.js';

const PIPE = /^\\\\[.?]\\pipe\\.+|^npipe:\/\//i;
/** Limit of `sun_path`, with its closing NUL. */
const SOCKET_PATH_MAX_BYTES = 107;

/**
 * A containerd address as users write it (`/run/containerd/containerd.sock`, `unix:///run/...`, `\\.\pipe\...`) as
 * grpc-js wants it. Windows pipes reach grpc-js as unix targets (grpc-node#2099).
 * @throws InvalidArgumentError `ERR_ADDRESS_INVALID`
 */
export function grpcTarget(address: string): string {
  if (isWindowsPipe(address)) {
    const pipe = address.replace(/^npipe:\/\//i, '').replaceAll('\\', '/');
    return `unix:${pipe}`;
  }
  const path = socketPath(address);
  return `unix:${path}`;
}

export function isWindowsPipe(address: string): boolean {
  return PIPE.test(address);
}

/** The path of a unix socket address. @throws InvalidArgumentError `ERR_ADDRESS_INVALID` */
export function socketPath(address: string): string {
  const path = address.replace(/^unix:(\/\/)?/, '');
  if (!path.startsWith('/')) {
    throw invalid(address, 'must be the absolute path of a unix socket, unix://PATH or a Windows named pipe');
  }
  if (Buffer.byteLength(path) > SOCKET_PATH_MAX_BYTES) {
    throw invalid(address, `is longer than the ${SOCKET_PATH_MAX_BYTES} bytes that the kernel allows a socket's path`);
  }
  return path;
}

function invalid(address: string, why: string): InvalidArgumentError {
  return new InvalidArgumentError(`use address ${JSON.stringify(address)}: it ${why}`, {
    code: 'ERR_ADDRESS_INVALID',
    fields: { address },
  });
}
