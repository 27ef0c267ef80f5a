import type { HostFacts } from '../../oci/build/host-facts.js';
import type { HostConfig } from '../../oci/config/host-config.js';
import type { ContainerDefaults } from '../engine-options.js';

const SHM_BYTES = 64 * 1024 * 1024;

/** What Docker fills in, so that `inspect` shows what holds. */
export function withDockerDefaults(given: HostConfig, host: HostFacts): HostConfig {
  const { Memory = 0, MemorySwap = 0 } = given;
  return {
    ...given,
    // As much swap as memory.
    ...(Memory > 0 && MemorySwap === 0 ? { MemorySwap: Memory * 2 } : {}),
    ShmSize: given.ShmSize || SHM_BYTES,
    IpcMode: given.IpcMode || 'private',
    CgroupnsMode: given.CgroupnsMode || (host.cgroupVersion === 2 && host.hasCgroupNamespaces ? 'private' : 'host'),
    RestartPolicy: given.RestartPolicy ?? { Name: 'no', MaximumRetryCount: 0 },
    NetworkMode: given.NetworkMode || 'none',
  };
}

/** What the daemon's configuration gives containers that say nothing of it. It is kept with them, as the runtime is. */
export function withDefaults(given: HostConfig, defaults: ContainerDefaults): HostConfig {
  const { ulimits, shmSize, ipcMode, cgroupnsMode, init, noNewPrivileges } = defaults;
  const own = new Set((given.Ulimits ?? []).map(({ Name }) => Name));
  const added = (ulimits ?? []).filter(({ Name }) => !own.has(Name));
  const security = given.SecurityOpt ?? [];
  const saysPrivileges = security.some((option) => option.startsWith('no-new-privileges'));
  return {
    ...given,
    ...(added.length > 0 ? { Ulimits: [...(given.Ulimits ?? []), ...added] } : {}),
    ...(shmSize !== undefined && !given.ShmSize ? { ShmSize: shmSize } : {}),
    ...(ipcMode !== undefined && !given.IpcMode ? { IpcMode: ipcMode } : {}),
    ...(cgroupnsMode !== undefined && !given.CgroupnsMode ? { CgroupnsMode: cgroupnsMode } : {}),
    ...(init !== undefined && (given.Init === undefined || given.Init === null) ? { Init: init } : {}),
    ...(noNewPrivileges === true && !saysPrivileges ? { SecurityOpt: [...security, 'no-new-privileges'] } : {}),
  };
}
