import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toEngineError } from '../../errdefs/index.js';
import type { ContainerConfig } from '../../oci/config/container-config.js';
import type { HostConfig } from '../../oci/config/host-config.js';
import { replaceFile } from '../../shim/replace-file.js';
import { hostsText } from './hosts.js';
import { isResolvedStub, resolvConfText } from './resolv-conf.js';

export interface HostFilesInput {
  /** The container's own, where the files are written. */
  readonly folder: string;
  /** Gives the hostname when none was asked for. */
  readonly id: string;
  readonly config: Pick<ContainerConfig, 'Hostname' | 'Domainname'>;
  readonly hostConfig: Pick<HostConfig, 'NetworkMode' | 'ExtraHosts' | 'Dns' | 'DnsOptions' | 'DnsSearch'>;
  /** Of the container in its networks. @default none */
  readonly addresses?: readonly string[] | undefined;
  /** Where the host's files are. @default /etc and systemd-resolved's own */
  readonly host?: Partial<HostPaths> | undefined;
}

export interface HostPaths {
  readonly hosts: string;
  readonly resolvConf: string;
  readonly resolvedConf: string;
}

/** Paths of the host, to be mounted over the files of the same names in /etc. */
export interface HostFiles {
  readonly hostname: string;
  readonly hosts: string;
  readonly resolvConf: string;
}

const HOST_PATHS: HostPaths = {
  hosts: '/etc/hosts',
  resolvConf: '/etc/resolv.conf',
  resolvedConf: '/run/systemd/resolve/resolv.conf',
};
/** Any user of the container reads them. */
const MODE = 0o644;
const HOSTNAME_LENGTH = 12;

/**
 * Writes hostname, hosts and resolv.conf of a container, anew at every start: what a run before has changed in them is gone.
 *
 * @throws InvalidArgumentError for extra hosts or servers that cannot be; NotImplementedError for `host-gateway`;
 * ResourceExhaustedError when the disk is full; by errno
 */
export async function writeHostFiles(input: HostFilesInput): Promise<HostFiles> {
  const { folder, config, hostConfig, addresses = [] } = input;
  const paths = { ...HOST_PATHS, ...input.host };
  const isHostNetwork = hostConfig.NetworkMode === 'host';
  const hostname = config.Hostname || input.id.slice(0, HOSTNAME_LENGTH);
  const [base, resolvConf] = await Promise.all([
    isHostNetwork ? readOrNothing(paths.hosts) : undefined,
    hostResolvConf(paths, isHostNetwork),
  ]);
  const texts = {
    hostname: `${hostname}\n`,
    hosts: hostsText({
      extraHosts: hostConfig.ExtraHosts ?? [],
      own: { addresses, hostname, domainname: config.Domainname ?? '' },
      base,
    }),
    resolvConf: resolvConfText({
      host: resolvConf,
      isHostNetwork,
      servers: hostConfig.Dns ?? [],
      search: hostConfig.DnsSearch ?? [],
      options: hostConfig.DnsOptions ?? [],
    }),
  };
  const files = hostFilesIn(folder);
  // Replaced, not written over: an older run, should one linger, keeps what it has.
  await Promise.all([
    replaceFile(files.hostname, texts.hostname, MODE),
    replaceFile(files.hosts, texts.hosts, MODE),
    replaceFile(files.resolvConf, texts.resolvConf, MODE),
  ]);
  return files;
}

/** Where `writeHostFiles` puts them: for who shares another one's. */
export function hostFilesIn(folder: string): HostFiles {
  return { hostname: join(folder, 'hostname'), hosts: join(folder, 'hosts'), resolvConf: join(folder, 'resolv.conf') };
}

async function hostResolvConf(paths: HostPaths, isHostNetwork: boolean): Promise<string> {
  const text = await readOrNothing(paths.resolvConf);
  if (isHostNetwork || !isResolvedStub(text)) return text;
  return (await readOrNothing(paths.resolvedConf)) || text;
}

/** A host without the file has nothing to say. */
async function readOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return '';
    throw toEngineError(err, `read ${path}`);
  }
}
