import type { Resources } from '../config/host-config.js';
import type { HostLimit } from './cgroup-facts.js';
import type { HostFacts } from './host-facts.js';

/** What is done without on a host that cannot: in dockerd's words (moby `daemon/daemon_unix.go`). */
interface Discard {
  readonly limit: HostLimit;
  readonly isAsked: (resources: Resources) => boolean;
  readonly fields: readonly (keyof Resources)[];
  /** @default none: it is what the host does anyway */
  readonly warning?: (resources: Resources) => string | undefined;
}

const isSet = (value: number | null | undefined) => value !== undefined && value !== null && value !== 0;
const isFilled = (value: string | readonly unknown[] | undefined) => value !== undefined && value.length > 0;
const says = (warning: string) => () => warning;

/** In dockerd's order. `memory` is before `swap`: without the one there is no other. */
const DISCARDS: readonly Discard[] = [
  {
    limit: 'memory',
    isAsked: ({ Memory }) => isSet(Memory),
    fields: ['Memory', 'MemorySwap'],
    warning: says(
      'Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.',
    ),
  },
  {
    limit: 'swap',
    isAsked: ({ Memory, MemorySwap }) => isSet(Memory) && MemorySwap !== -1,
    fields: ['MemorySwap'],
    warning: says(
      'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
    ),
  },
  {
    limit: 'swappiness',
    isAsked: ({ MemorySwappiness }) =>
      MemorySwappiness !== undefined && MemorySwappiness !== null && MemorySwappiness >= 0,
    fields: ['MemorySwappiness'],
    warning: says(
      'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
    ),
  },
  {
    limit: 'memory-reservation',
    isAsked: ({ MemoryReservation }) => isSet(MemoryReservation),
    fields: ['MemoryReservation'],
    warning: says(
      'Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.',
    ),
  },
  {
    limit: 'kernel-memory',
    isAsked: ({ KernelMemory }) => isSet(KernelMemory),
    fields: ['KernelMemory'],
    warning: says(
      'Your kernel does not support kernel memory limit capabilities or the cgroup is not mounted. Limitation discarded.',
    ),
  },
  {
    limit: 'kernel-memory-tcp',
    isAsked: ({ KernelMemoryTCP }) => isSet(KernelMemoryTCP),
    fields: ['KernelMemoryTCP'],
    warning: says(
      'Your kernel does not support kernel memory TCP limit capabilities or the cgroup is not mounted. Limitation discarded.',
    ),
  },
  {
    limit: 'oom-kill-disable',
    isAsked: ({ OomKillDisable }) => OomKillDisable !== undefined && OomKillDisable !== null,
    fields: ['OomKillDisable'],
    warning: ({ OomKillDisable }) =>
      OomKillDisable === true ? 'Your kernel does not support OomKillDisable. OomKillDisable discarded.' : undefined,
  },
  {
    limit: 'pids',
    isAsked: ({ PidsLimit }) => PidsLimit !== undefined && PidsLimit !== null,
    fields: ['PidsLimit'],
    warning: ({ PidsLimit }) =>
      (PidsLimit ?? 0) > 0
        ? 'Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.'
        : undefined,
  },
  {
    limit: 'cpu-shares',
    isAsked: ({ CpuShares }) => isSet(CpuShares),
    fields: ['CpuShares'],
    warning: says('Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.'),
  },
  {
    limit: 'cpu-cfs',
    isAsked: ({ CpuPeriod, CpuQuota }) => isSet(CpuPeriod) || isSet(CpuQuota),
    fields: ['CpuPeriod', 'CpuQuota'],
    warning: says('Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.'),
  },
  {
    limit: 'cpu-realtime',
    isAsked: ({ CpuRealtimePeriod, CpuRealtimeRuntime }) => isSet(CpuRealtimePeriod) || isSet(CpuRealtimeRuntime),
    fields: ['CpuRealtimePeriod', 'CpuRealtimeRuntime'],
    warning: says(
      'Your kernel does not support CPU real-time scheduler or the cgroup is not mounted. CPU real-time period/runtime discarded.',
    ),
  },
  {
    limit: 'cpuset',
    isAsked: ({ CpusetCpus, CpusetMems }) => isFilled(CpusetCpus) || isFilled(CpusetMems),
    fields: ['CpusetCpus', 'CpusetMems'],
    warning: says('Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.'),
  },
  {
    limit: 'blkio-weight',
    isAsked: ({ BlkioWeight }) => isSet(BlkioWeight),
    fields: ['BlkioWeight'],
    warning: says('Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.'),
  },
  {
    limit: 'blkio-weight-device',
    isAsked: ({ BlkioWeightDevice }) => isFilled(BlkioWeightDevice),
    fields: ['BlkioWeightDevice'],
    warning: says(
      'Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.',
    ),
  },
  throttle('blkio-read-bps', 'BlkioDeviceReadBps', 'BPS Block I/O read limit', 'Block I/O BPS read limit'),
  throttle('blkio-write-bps', 'BlkioDeviceWriteBps', 'BPS Block I/O write limit', 'Block I/O BPS write limit'),
  throttle('blkio-read-iops', 'BlkioDeviceReadIOps', 'IOPS Block read limit', 'Block I/O IOPS read limit'),
  throttle('blkio-write-iops', 'BlkioDeviceWriteIOps', 'IOPS Block write limit', 'Block I/O IOPS write limit'),
];

function throttle(
  limit: HostLimit,
  field: 'BlkioDeviceReadBps' | 'BlkioDeviceWriteBps' | 'BlkioDeviceReadIOps' | 'BlkioDeviceWriteIOps',
  lacking: string,
  discarded: string,
): Discard {
  return {
    limit,
    isAsked: (resources) => isFilled(resources[field]),
    fields: [field],
    warning: says(`Your kernel does not support ${lacking} or the cgroup is not mounted. ${discarded} discarded.`),
  };
}

export interface SupportedLimits {
  readonly kept: Resources;
  readonly warnings: readonly string[];
}

/** Leaves out the limits that this host cannot keep, with a warning for each. */
export function supportedLimits(asked: Resources, host: Pick<HostFacts, 'limits'>): SupportedLimits {
  const kept: { -readonly [K in keyof Resources]: Resources[K] } = { ...asked };
  const warnings: string[] = [];
  for (const { limit, isAsked, fields, warning } of DISCARDS) {
    if (host.limits.has(limit) || !isAsked(kept)) continue;
    const text = warning?.(kept);
    if (text !== undefined) warnings.push(text);
    for (const field of fields) delete kept[field];
  }
  return { kept, warnings };
}
