import type { HostConfig } from '../../config/host-config.js';

/** `WindowsResources` of the runtime specification. */
export interface WindowsResources {
  readonly cpu?: {
    readonly count?: number;
    readonly shares?: number;
    /** Hundredths of a percent of all CPUs, 1 to 10000. */
    readonly maximum?: number;
  };
  readonly memory?: { readonly limit: number };
  readonly storage?: { readonly iops?: number; readonly bps?: number };
}

const NANO = 1_000_000_000;
const MAXIMUM = 10_000;
const PERCENT = 100;

/**
 * The limits of a Windows container. `NanoCpus` is a share of all CPUs; with Hyper-V it is whole CPUs, and a share of
 * those (moby `daemon/oci_windows.go` setResourcesInSpec).
 * @param cpuCount of the host
 */
export function windowsResourcesOf(hostConfig: HostConfig, isHyperV: boolean, cpuCount: number): WindowsResources {
  const { Memory = 0, IOMaximumIOps = 0, IOMaximumBandwidth = 0 } = hostConfig;
  const cpu = cpuOf(hostConfig, isHyperV, cpuCount);
  const storage = {
    ...(IOMaximumIOps === 0 ? {} : { iops: IOMaximumIOps }),
    ...(IOMaximumBandwidth === 0 ? {} : { bps: IOMaximumBandwidth }),
  };
  return {
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(Memory === 0 ? {} : { memory: { limit: Memory } }),
    ...(Object.keys(storage).length === 0 ? {} : { storage }),
  };
}

function cpuOf(
  { NanoCpus = 0, CpuCount = 0, CpuPercent = 0, CpuShares = 0 }: HostConfig,
  isHyperV: boolean,
  cpuCount: number,
): NonNullable<WindowsResources['cpu']> {
  let count = CpuCount;
  let maximum = CpuPercent * PERCENT;
  if (NanoCpus > 0 && isHyperV) {
    count = Math.ceil(NanoCpus / NANO);
    if (NanoCpus % NANO !== 0) maximum = shareOf(NanoCpus, count);
  } else if (NanoCpus > 0) {
    maximum = shareOf(NanoCpus, cpuCount);
  }
  return {
    ...(count === 0 ? {} : { count }),
    ...(CpuShares === 0 ? {} : { shares: CpuShares }),
    ...(maximum === 0 ? {} : { maximum }),
  };
}

/** Never 0: that would be no limit. */
function shareOf(nanoCpus: number, cpus: number): number {
  return Math.max(1, Math.trunc(nanoCpus / cpus / (NANO / MAXIMUM)));
}
