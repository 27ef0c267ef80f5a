import type { Resources } from '../config/host-config.js';
import type { LinuxResources } from '../runtime-spec.js';

/** Microseconds: what `NanoCpus` is a share of. */
const PERIOD_US = 100_000;
const NANO = 1_000_000_000;

export function memoryOf({ Memory, MemoryReservation, KernelMemory, KernelMemoryTCP, MemorySwappiness }: Resources) {
  return {
    ...numbers({ limit: Memory, reservation: MemoryReservation, kernel: KernelMemory, kernelTCP: KernelMemoryTCP }),
    // 0 says something here: swap only when nothing else helps.
    ...(typeof MemorySwappiness === 'number' && MemorySwappiness >= 0 ? { swappiness: MemorySwappiness } : {}),
  };
}

export function cpuOf(resources: Resources): Record<string, number | string> {
  const { NanoCpus = 0, CpusetCpus = '', CpusetMems = '' } = resources;
  const share = NanoCpus > 0 ? { period: PERIOD_US, quota: Math.trunc(NanoCpus / (NANO / PERIOD_US)) } : {};
  return {
    ...share,
    ...numbers({
      shares: resources.CpuShares,
      period: resources.CpuPeriod,
      quota: resources.CpuQuota,
      realtimePeriod: resources.CpuRealtimePeriod,
      realtimeRuntime: resources.CpuRealtimeRuntime,
    }),
    ...(CpusetCpus === '' ? {} : { cpus: CpusetCpus }),
    ...(CpusetMems === '' ? {} : { mems: CpusetMems }),
  };
}

/** Without what is absent or 0. */
function numbers(fields: Readonly<Record<string, number | undefined>>): Record<string, number> {
  const given: Record<string, number> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined && value !== 0) given[key] = value;
  }
  return given;
}

/** Without what is empty. */
export function limitsOf(resources: {
  memory: Readonly<Record<string, number | boolean>>;
  cpu: Readonly<Record<string, number | string>>;
  pids: { readonly limit: number } | undefined;
  blockIO: LinuxResources['blockIO'];
}): LinuxResources {
  const { memory, cpu, pids, blockIO } = resources;
  return {
    ...(Object.keys(memory).length === 0 ? {} : { memory }),
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(pids === undefined ? {} : { pids }),
    ...(blockIO === undefined ? {} : { blockIO }),
  };
}
