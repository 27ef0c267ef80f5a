import { isIP } from 'node:net';
import { InvalidArgumentError, NotImplementedError } from '../../errdefs/index.js';

export interface HostsInput {
  /** Name and address pairs, `name:address` (`HostConfig.ExtraHosts`). */
  readonly extraHosts: readonly string[];
  /** Of the container itself, where a network gave it addresses. @default none */
  readonly own?: { readonly addresses: readonly string[]; readonly hostname: string; readonly domainname: string };
  /** The host's own file, in place of the usual first lines: for the host's network. */
  readonly base?: string | undefined;
}

/** What every container's file begins with (moby `daemon/libnetwork/etchosts`). */
const USUAL: readonly (readonly [address: string, ...names: string[]])[] = [
  ['127.0.0.1', 'localhost'],
  ['::1', 'localhost', 'ip6-localhost', 'ip6-loopback'],
  ['fe00::', 'ip6-localnet'],
  ['ff00::', 'ip6-mcastprefix'],
  ['ff02::1', 'ip6-allnodes'],
  ['ff02::2', 'ip6-allrouters'],
];
const HOST_GATEWAY = 'host-gateway';

/**
 * The text of /etc/hosts.
 * @throws InvalidArgumentError in dockerd's words; NotImplementedError for `host-gateway`
 */
export function hostsText({ extraHosts, own, base }: HostsInput): string {
  const first = base === undefined ? USUAL.map(line).join('') : endWithLine(base);
  const extra = extraHosts.map((entry) => line(parseExtraHost(entry))).join('');
  const ours = (own?.addresses ?? []).map((address) => line([address, ...namesOf(own)])).join('');
  return `${first}${extra}${ours}`;
}

function namesOf(own: HostsInput['own']): string[] {
  const { hostname = '', domainname = '' } = own ?? {};
  return domainname === '' ? [hostname] : [`${hostname}.${domainname}`, hostname];
}

function line([address, ...names]: readonly [string, ...string[]]): string {
  return `${address}\t${names.join(' ')}\n`;
}

function endWithLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/** The address may be of IPv6, with brackets or without, so only the first colon parts. */
function parseExtraHost(entry: string): readonly [address: string, name: string] {
  const colon = entry.indexOf(':');
  const name = entry.slice(0, Math.max(colon, 0));
  // The name becomes a word of a line.
  if (name === '' || /[\s#]/.test(name))
    throw new InvalidArgumentError(`bad format for add-host: ${JSON.stringify(entry)}`);
  const given = entry.slice(colon + 1);
  if (given === HOST_GATEWAY) {
    throw new NotImplementedError(
      `add host ${name}: ${HOST_GATEWAY} needs a network with a gateway, which there is none of yet; give the address itself`,
    );
  }
  const address = /^\[.*\]$/.test(given) ? given.slice(1, -1) : given;
  if (isIP(address) === 0) {
    throw new InvalidArgumentError(`invalid IP address in add-host: ${JSON.stringify(given)}`);
  }
  return [address, name];
}
