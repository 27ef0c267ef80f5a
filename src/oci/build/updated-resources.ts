import { ConflictError } from '../../errdefs/index.js';
import type { HostConfig, Resources } from '../config/host-config.js';
import type { LinuxResources } from '../runtime-spec.js';
import { blockIOOf } from './blkio-resources.js';
import type { HostFacts } from './host-facts.js';
import { assertWithinHost } from './host-limits.js';
import { cpuOf, limitsOf, memoryOf } from './limit-fields.js';
import { supportedLimits } from './supported-limits.js';

/**
 * What `docker update` changes of a running container: only what is asked for. A 0 is never sent, it would mean another
 * thing to each runtime (moby `dea870f4ea`); -1 lifts a limit. Swap follows memory when it was never set.
 * @param before what holds now
 * @throws InvalidArgumentError as `resourcesOf`; ConflictError for a change that contradicts what holds, in dockerd's words
 */
export function updatedResources(before: HostConfig, change: Resources, host: HostFacts): LinuxResources {
  assertGoesWith(before, change);
  assertWithinHost(change, host);
  const { kept } = supportedLimits(change, host);
  const { Memory = 0, MemorySwap = 0, PidsLimit } = kept;
  const isSwapDefault = (before.MemorySwap ?? 0) === 0 && MemorySwap === 0;
  const swap = isSwapDefault && Memory > 0 && host.limits.has('swap') ? 2 * Memory : MemorySwap;
  return limitsOf({
    memory: { ...memoryOf(kept), ...(swap === 0 ? {} : { swap }) },
    cpu: cpuOf(kept),
    pids: PidsLimit === undefined || PidsLimit === null ? undefined : { limit: PidsLimit <= 0 ? -1 : PidsLimit },
    blockIO: blockIOOf(kept),
  });
}

function assertGoesWith(before: HostConfig, change: Resources): void {
  const has = (value: number | undefined) => value !== undefined && value !== 0;
  if (has(before.NanoCpus) && has(change.CpuPeriod)) {
    fail('CPU Period cannot be updated as NanoCPUs has already been set');
  }
  if (has(before.NanoCpus) && has(change.CpuQuota)) {
    fail('CPU Quota cannot be updated as NanoCPUs has already been set');
  }
  if (has(change.NanoCpus) && has(before.CpuPeriod)) {
    fail('Nano CPUs cannot be updated as CPU Period has already been set');
  }
  if (has(change.NanoCpus) && has(before.CpuQuota)) {
    fail('Nano CPUs cannot be updated as CPU Quota has already been set');
  }
  const { MemorySwap = 0 } = before;
  if (MemorySwap > 0 && !has(change.MemorySwap) && (change.Memory ?? 0) > MemorySwap) {
    throw new ConflictError(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
}

function fail(problem: string): never {
  throw new ConflictError(`Conflicting options: ${problem}`);
}
