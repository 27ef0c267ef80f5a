import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cgroup1Folders } from '../platform/cgroup1-folders.js';
import type {
  CPUStat,
  HugetlbStat,
  MemoryEntry,
  MemoryOomControl,
  Metrics,
  PidsStat,
} from '../protocol/gen/containerd/stats/cgroup1.js';
import { readBlkio } from './cgroup1-blkio.js';
import { parseNumber, present, readFlat, readNumber, readText } from './cgroup1-files.js';
import { memoryStat } from './cgroup1-memory.js';

/** cpuacct.stat counts in hundredths of a second on every architecture that Node runs on. */
const NS_PER_TICK = 10_000_000n;
const ZERO_THROTTLE = { periods: 0n, throttledPeriods: 0n, throttledTime: 0n };

/**
 * Reads what containerd's metrics of cgroup v1 hold. A controller that is not mounted, or has no folder for this
 * container, is left out. Not read: rdma and the network, which containerd leaves out as well for a container, and the
 * counts of processes by state.
 *
 * Upstream: `Stat` of github.com/containerd/cgroups cgroup1.
 *
 * @returns `undefined` when no controller has the cgroup: it was removed
 * @throws DataLossError for a file that cannot be understood; otherwise by the system's error
 */
export async function readCgroup1Metrics(folders: Cgroup1Folders): Promise<Metrics | undefined> {
  const read = <T>(controller: string, from: (folder: string) => Promise<T | undefined>) => {
    const folder = folders.get(controller);
    return folder === undefined ? Promise.resolve(undefined) : from(folder);
  };
  const [hugetlb, pids, usage, throttling, memory, memoryOomControl, blkio] = await Promise.all([
    read('hugetlb', readHugetlb),
    read('pids', readPids),
    read('cpuacct', readCpuUsage),
    read('cpu', readThrottling),
    read('memory', readMemory),
    read('memory', readOomControl),
    read('blkio', readBlkio),
  ]);
  const cpu: CPUStat | undefined =
    usage === undefined && throttling === undefined ? undefined : { usage, throttling: throttling ?? ZERO_THROTTLE };
  if ([hugetlb, pids, cpu, memory, blkio].every((part) => part === undefined)) return undefined;
  return {
    hugetlb: hugetlb ?? [],
    pids,
    cpu,
    memory,
    memoryOomControl,
    blkio,
    rdma: undefined,
    network: [],
    cgroupStats: undefined,
  };
}

async function readPids(folder: string): Promise<PidsStat | undefined> {
  const [current, limit] = await Promise.all([
    readNumber(join(folder, 'pids.current')),
    readText(join(folder, 'pids.max')),
  ]);
  if (current === undefined || limit === undefined) return undefined;
  return { current, limit: limit.trim() === 'max' ? 0n : parseNumber(limit, 'pids.max') };
}

async function readCpuUsage(folder: string): Promise<CPUStat['usage']> {
  const [total, stat, perCpu] = await Promise.all([
    readNumber(join(folder, 'cpuacct.usage')),
    readFlat(join(folder, 'cpuacct.stat')),
    readText(join(folder, 'cpuacct.usage_percpu')),
  ]);
  if (total === undefined || stat === undefined) return undefined;
  return {
    total,
    kernel: (stat.get('system') ?? 0n) * NS_PER_TICK,
    user: (stat.get('user') ?? 0n) * NS_PER_TICK,
    perCpu: (perCpu?.trim().split(/\s+/) ?? [])
      .filter((text) => text !== '')
      .map((text) => parseNumber(text, 'cpuacct.usage_percpu')),
  };
}

async function readThrottling(folder: string): Promise<CPUStat['throttling']> {
  const stat = await readFlat(join(folder, 'cpu.stat'));
  if (stat === undefined) return undefined;
  return {
    periods: stat.get('nr_periods') ?? 0n,
    throttledPeriods: stat.get('nr_throttled') ?? 0n,
    throttledTime: stat.get('throttled_time') ?? 0n,
  };
}

async function readMemory(folder: string): Promise<Metrics['memory']> {
  const [stat, usage, swap, kernel, kernelTcp] = await Promise.all([
    readFlat(join(folder, 'memory.stat')),
    readMemoryEntry(folder, 'memory'),
    readMemoryEntry(folder, 'memory.memsw'),
    readMemoryEntry(folder, 'memory.kmem'),
    readMemoryEntry(folder, 'memory.kmem.tcp'),
  ]);
  return stat === undefined ? undefined : { ...memoryStat(stat), usage, swap, kernel, kernelTcp };
}

/** Swap is not counted on every host, nor the kernel's memory by every kernel. */
async function readMemoryEntry(folder: string, name: string): Promise<MemoryEntry | undefined> {
  const [limit, usage, max, failcnt] = await Promise.all(
    ['limit_in_bytes', 'usage_in_bytes', 'max_usage_in_bytes', 'failcnt'].map((file) =>
      readNumber(join(folder, `${name}.${file}`)),
    ),
  );
  if (limit === undefined || usage === undefined || max === undefined || failcnt === undefined) return undefined;
  return { limit, usage, max, failcnt };
}

async function readOomControl(folder: string): Promise<MemoryOomControl | undefined> {
  const values = await readFlat(join(folder, 'memory.oom_control'));
  if (values === undefined) return undefined;
  return {
    oomKillDisable: values.get('oom_kill_disable') ?? 0n,
    underOom: values.get('under_oom') ?? 0n,
    oomKill: values.get('oom_kill') ?? 0n,
  };
}

async function readHugetlb(folder: string): Promise<HugetlbStat[] | undefined> {
  const names = await present(readdir(folder), folder);
  const sizes = names?.flatMap((name) => /^hugetlb\.([0-9]+[KMG]B)\.usage_in_bytes$/.exec(name)?.[1] ?? []);
  if (sizes === undefined) return undefined;
  const stats = await Promise.all(
    sizes.map(async (pagesize): Promise<HugetlbStat | undefined> => {
      const [usage, max, failcnt] = await Promise.all(
        ['usage_in_bytes', 'max_usage_in_bytes', 'failcnt'].map((file) =>
          readNumber(join(folder, `hugetlb.${pagesize}.${file}`)),
        ),
      );
      if (usage === undefined || max === undefined || failcnt === undefined) return undefined;
      return { usage, max, failcnt, pagesize };
    }),
  );
  return stats.filter((stat) => stat !== undefined);
}
