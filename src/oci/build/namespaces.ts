import { InvalidArgumentError } from '../../errdefs/index.js';
import type { HostConfig } from '../config/host-config.js';
import type { OciNamespace } from '../runtime-spec.js';
import type { HostFacts } from './host-facts.js';
import type { SpecInput } from './spec-input.js';

const CONTAINER_MODE = 'container:';

/**
 * The namespaces that a container gets of its own or joins; one that is not named is the host's. A network of its own is
 * empty until somebody fills it.
 * @throws InvalidArgumentError `ERR_SPEC_INVALID` when it is not told whom to join
 */
export function namespacesOf({
  hostConfig,
  joined,
  host,
}: Pick<SpecInput, 'hostConfig' | 'joined' | 'host'>): OciNamespace[] {
  const { NetworkMode, IpcMode, PidMode, UTSMode } = hostConfig;
  return [
    { type: 'mount' },
    ...namespaceOf('network', 'net', NetworkMode, joined.network),
    ...namespaceOf('ipc', 'ipc', IpcMode, joined.ipc),
    ...namespaceOf('pid', 'pid', PidMode, joined.pid),
    ...namespaceOf('uts', 'uts', UTSMode, undefined),
    ...(hasOwnCgroupNamespace(hostConfig, host) ? [{ type: 'cgroup' }] : []),
  ];
}

/** Neither the host's nor another container's. */
export function isOwn(mode: string | undefined): boolean {
  return mode !== 'host' && mode?.startsWith(CONTAINER_MODE) !== true;
}

function namespaceOf(type: string, file: string, mode: string | undefined, pid: number | undefined): OciNamespace[] {
  if (mode === 'host') return [];
  if (mode?.startsWith(CONTAINER_MODE) !== true) return [{ type }];
  if (pid === undefined) {
    throw new InvalidArgumentError(`build spec: the process whose ${type} namespace is to be joined is not known`, {
      code: 'ERR_SPEC_INVALID',
    });
  }
  return [{ type, path: `/proc/${pid}/ns/${file}` }];
}

/** Unasked, only with cgroup v2: images of the v1 days expect to see the host's tree (moby `adaptContainerSettings`). */
function hasOwnCgroupNamespace({ CgroupnsMode = '' }: HostConfig, host: HostFacts): boolean {
  if (!host.hasCgroupNamespaces) return false;
  return CgroupnsMode === '' ? host.cgroupVersion === 2 : CgroupnsMode === 'private';
}
