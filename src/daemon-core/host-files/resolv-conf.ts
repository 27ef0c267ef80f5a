import { isIP, isIPv4 } from 'node:net';
import { InvalidArgumentError } from '../../errdefs/index.js';

export interface ResolvConfInput {
  /** The text of the host's file. */
  readonly host: string;
  /** Loopback servers of the host can be reached. */
  readonly isHostNetwork: boolean;
  /** Each takes the place of what the host's file has; empty for none. */
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** What dockerd asks when the host has no server that a container can reach (moby `daemon/libnetwork/internal/resolvconf`). */
const DEFAULT_SERVERS = ['8.8.8.8', '8.8.4.4'];
/** As the only search domain: none at all. */
const NO_SEARCH = '.';

/**
 * The text of /etc/resolv.conf: the host's, without the servers that a network namespace of its own cannot reach.
 * @throws InvalidArgumentError for what is no address, or no word of a line
 */
export function resolvConfText(input: ResolvConfInput): string {
  const { host, isHostNetwork, servers, search, options } = input;
  for (const server of servers) {
    if (isIP(server) === 0)
      throw new InvalidArgumentError(`bad parameter: ${JSON.stringify(server)} is not an IP address`);
  }
  for (const word of [...search, ...options]) {
    if (word === '' || /[\s#;]/.test(word)) {
      throw new InvalidArgumentError(`bad parameter: ${JSON.stringify(word)} cannot be in resolv.conf`);
    }
  }
  if (isHostNetwork && servers.length + search.length + options.length === 0) return host;
  const found = parse(host);
  const usable = isHostNetwork ? found.servers : found.servers.filter(isReachable);
  const chosen = servers.length > 0 ? servers : usable;
  const domains =
    search.length > 0 ? search.filter((_, i) => !(search.length === 1 && search[i] === NO_SEARCH)) : found.search;
  const flags = options.length > 0 ? options : found.options;
  return [
    ...(chosen.length > 0 || isHostNetwork ? chosen : DEFAULT_SERVERS).map((server) => `nameserver ${server}`),
    ...(domains.length > 0 ? [`search ${domains.join(' ')}`] : []),
    ...(flags.length > 0 ? [`options ${flags.join(' ')}`] : []),
    '',
  ].join('\n');
}

/**
 * Whether the host's file names only the stub of systemd-resolved, which answers nobody in another network namespace:
 * then its other file has the servers behind it.
 */
export function isResolvedStub(host: string): boolean {
  const { servers } = parse(host);
  return servers.length > 0 && servers.every((server) => server === '127.0.0.53');
}

/** resolv.conf(5): of several `search` or `domain` lines the last counts, options add up. */
function parse(text: string): { servers: string[]; search: string[]; options: string[] } {
  const servers: string[] = [];
  let search: string[] = [];
  const options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (keyword === 'nameserver') servers.push(...words.slice(0, 1));
    else if (keyword === 'search') search = words;
    else if (keyword === 'domain') search = words.slice(0, 1);
    else if (keyword === 'options') options.push(...words);
  }
  return { servers, search, options };
}

function isReachable(server: string): boolean {
  // The zone of a link-local address names an interface of the host's.
  if (isIP(server) === 0 || server.includes('%')) return false;
  return isIPv4(server) ? !server.startsWith('127.') : !/^(0*:)+0*1$/.test(server);
}
