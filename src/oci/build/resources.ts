import type { HostConfig } from '../config/host-config.js';
import type { LinuxResources } from '../runtime-spec.js';
import { blockIOOf } from './blkio-resources.js';
import type { HostFacts } from './host-facts.js';
import { cpuOf, limitsOf, memoryOf } from './limit-fields.js';
import { supportedLimits } from './supported-limits.js';

/**
 * The limits of a container, without its devices. What the host cannot keep is left out: `warningsOf` tells of it. For
 * cgroup v2 the fields are the same; the runtime converts them. Without a `MemorySwap`, as much swap as memory is
 * allowed (moby `daemon/daemon_unix.go`).
 * @throws InvalidArgumentError for a `Blkio...` path that is no block device
 */
export function resourcesOf(hostConfig: HostConfig, host: HostFacts): LinuxResources {
  const { kept } = supportedLimits(hostConfig, host);
  const { Memory = 0, MemorySwap = 0, PidsLimit, OomKillDisable } = kept;
  const swap = MemorySwap === 0 && Memory > 0 && host.limits.has('swap') ? 2 * Memory : MemorySwap;
  return limitsOf({
    memory: {
      ...memoryOf(kept),
      ...(swap > 0 ? { swap } : {}),
      ...(OomKillDisable === true ? { disableOOMKiller: true } : {}),
    },
    cpu: cpuOf(kept),
    pids: PidsLimit === undefined || PidsLimit === null || PidsLimit <= 0 ? undefined : { limit: PidsLimit },
    blockIO: blockIOOf(kept),
  });
}
