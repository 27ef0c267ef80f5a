import { InvalidArgumentError } from '../../errdefs/index.js';

/** `sun_path` without a closing NUL, which a path needs and an abstract name, with its leading one, does not. */
const PATH_MAX_BYTES = 107;
const ABSTRACT_MAX_BYTES = 107;

/**
 * The path of a shim's socket as Node's `net` takes it, from what shims print and bundles keep: `/path`,
 * `unix:///path`; `@name`, `unix://@name` or a leading NUL for a socket in Linux' abstract name space.
 * @throws InvalidArgumentError `ERR_ADDRESS_INVALID`
 */
export function socketAddress(address: string): string {
  const name = address.startsWith('unix://') ? address.slice('unix://'.length) : address;
  if (name.startsWith('@') || name.startsWith('\0')) return abstractName(address, name.slice(1));
  if (!name.startsWith('/') || name.includes('\0')) {
    throw invalid(address, 'must be the absolute path of a unix socket, unix://PATH or @NAME');
  }
  if (Buffer.byteLength(name) > PATH_MAX_BYTES) {
    throw invalid(address, `is longer than the ${PATH_MAX_BYTES} bytes that the kernel allows a socket's path`);
  }
  return name;
}

function abstractName(address: string, name: string): string {
  if (name === '') throw invalid(address, 'has no name');
  if (Buffer.byteLength(name) > ABSTRACT_MAX_BYTES) {
    throw invalid(address, `is longer than the ${ABSTRACT_MAX_BYTES} bytes that the kernel allows a socket's name`);
  }
  return `\0${name}`;
}

function invalid(address: string, why: string): InvalidArgumentError {
  return new InvalidArgumentError(`use address ${JSON.stringify(address)}: it ${why}`, {
    code: 'ERR_ADDRESS_INVALID',
    fields: { address },
  });
}
