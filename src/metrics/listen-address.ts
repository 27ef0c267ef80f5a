import { InvalidArgumentError } from '../errdefs/index.js';

/** Where to listen on TCP. */
export interface ListenAddress {
  /** A name or IP address, IPv6 without brackets. Absent: all addresses of the machine. */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** Brackets are for IPv6 only; without them its colons could not be told from the port's. */
const FORM = /^(?:\[(?<ipv6>[0-9a-fA-F:.%\w]+)\]|(?<host>[A-Za-z0-9._-]*)):(?<port>\d{1,5})$/;
const PORT_MAX = 65_535;

/**
 * Reads `HOST:PORT` as Go's `net.Listen` does: `127.0.0.1:9323`, `[::1]:9323`, `localhost:9323`, and `:9323` for all addresses.
 * @throws InvalidArgumentError `ERR_ADDRESS_INVALID`
 */
export function parseListenAddress(text: string): ListenAddress {
  const { ipv6, host, port } = FORM.exec(text)?.groups ?? {};
  const number = Number(port);
  if (port === undefined || number > PORT_MAX || (ipv6 !== undefined && !ipv6.includes(':'))) {
    throw new InvalidArgumentError(`read metrics address ${JSON.stringify(text)}: it is not HOST:PORT`, {
      code: 'ERR_ADDRESS_INVALID',
      fields: { address: text },
    });
  }
  const name = ipv6 ?? host;
  return name === undefined || name === '' ? { port: number } : { host: name, port: number };
}

/** The form that `parseListenAddress` reads. */
export function formatListenAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
