import { InvalidArgumentError } from '../errdefs/index.js';
import type { ContainerRecord } from './state/record.js';

const RANGE = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i;
const PORT_MAX = 65_535;

/**
 * Reads the value of a `publish` or `expose` filter: `80`, `80/udp`, `8000-8010/tcp`.
 * @returns each port of it with its protocol, as `80/tcp`
 * @throws InvalidArgumentError in the daemon's words
 */
export function parsePortFilter(key: 'publish' | 'expose', value: string): string[] {
  if (value.includes(':')) throw new InvalidArgumentError(`filter for '${key}' should not contain ':': ${value}`);
  const ports = portRange(value);
  if (ports === undefined) {
    throw new InvalidArgumentError(`error while looking up for ${key} ${value}: invalid port range`);
  }
  return ports;
}

/** As the container was configured: ports of the host, and ports in the container. A range of the host is all of it. */
export function portsOf({ config, hostConfig }: ContainerRecord): { published: string[]; exposed: string[] } {
  const bindings = Object.entries(hostConfig.PortBindings ?? {});
  const keys = [...Object.keys(config.ExposedPorts ?? {}), ...bindings.map(([port]) => port)];
  return {
    exposed: keys.flatMap((key) => portRange(key) ?? []),
    published: bindings.flatMap(([port, hosts]) => {
      const protocol = port.split('/')[1] ?? 'tcp';
      return (hosts ?? []).flatMap(({ HostPort = '' }) => portRange(`${HostPort}/${protocol}`) ?? []);
    }),
  };
}

function portRange(text: string): string[] | undefined {
  const [, from, to = from, protocol = 'tcp'] = RANGE.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (from === undefined || last < first || last > PORT_MAX) return undefined;
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol.toLowerCase()}`);
}
