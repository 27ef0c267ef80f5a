import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MountPoint } from '../../platform/mount-info.js';

/** A limit that a kernel may lack, or that cgroup v2 has not. */
export type HostLimit =
  | 'memory'
  | 'swap'
  | 'memory-reservation'
  | 'kernel-memory'
  | 'kernel-memory-tcp'
  | 'oom-kill-disable'
  | 'swappiness'
  | 'cpu-shares'
  | 'cpu-cfs'
  | 'cpu-realtime'
  | 'cpuset'
  | 'blkio-weight'
  | 'blkio-weight-device'
  | 'blkio-read-bps'
  | 'blkio-write-bps'
  | 'blkio-read-iops'
  | 'blkio-write-iops'
  | 'pids';

/** `hybrid`: the controllers are of v1, and a cgroup2 without them is mounted beside. Limits follow v1 then. */
export type CgroupVersion = 1 | 2 | 'hybrid';

export interface CgroupFacts {
  readonly cgroupVersion: CgroupVersion;
  /** Names of controllers that can be used: `memory`, `cpu`... */
  readonly controllers: ReadonlySet<string>;
  readonly limits: ReadonlySet<HostLimit>;
  /** The CPUs and memory nodes that a cpuset can name, such as `0-3,8`. '' when unknown. */
  readonly cpus: string;
  readonly mems: string;
}

const BASE = '/sys/fs/cgroup';

/** v1: the limit is there when the file is. */
const V1_FILES: Readonly<Record<string, Readonly<Partial<Record<HostLimit, string>>>>> = {
  memory: {
    memory: 'memory.limit_in_bytes',
    swap: 'memory.memsw.limit_in_bytes',
    'memory-reservation': 'memory.soft_limit_in_bytes',
    'kernel-memory': 'memory.kmem.limit_in_bytes',
    'kernel-memory-tcp': 'memory.kmem.tcp.limit_in_bytes',
    'oom-kill-disable': 'memory.oom_control',
    swappiness: 'memory.swappiness',
  },
  cpu: { 'cpu-shares': 'cpu.shares', 'cpu-cfs': 'cpu.cfs_quota_us', 'cpu-realtime': 'cpu.rt_period_us' },
  cpuset: { cpuset: 'cpuset.cpus' },
  blkio: {
    'blkio-weight': 'blkio.weight',
    'blkio-weight-device': 'blkio.weight_device',
    'blkio-read-bps': 'blkio.throttle.read_bps_device',
    'blkio-write-bps': 'blkio.throttle.write_bps_device',
    'blkio-read-iops': 'blkio.throttle.read_iops_device',
    'blkio-write-iops': 'blkio.throttle.write_iops_device',
  },
  pids: { pids: 'cgroup.procs' },
};

/** v2: the limit comes with its controller. Swap and weights are looked for apart. */
const V2_LIMITS: Readonly<Record<string, readonly HostLimit[]>> = {
  memory: ['memory', 'memory-reservation'],
  cpu: ['cpu-shares', 'cpu-cfs'],
  cpuset: ['cpuset'],
  io: ['blkio-read-bps', 'blkio-write-bps', 'blkio-read-iops', 'blkio-write-iops'],
  pids: ['pids'],
};

const V1_CONTROLLERS = new Set(
  'cpu cpuacct cpuset memory devices freezer net_cls blkio perf_event net_prio hugetlb pids rdma misc'.split(' '),
);

/**
 * What the kernel can limit, from the mounted hierarchies (moby `pkg/sysinfo`).
 * @param base where the hierarchies lie; a cgroup2 mounted right there means v2
 */
export async function cgroupFactsOf(mounts: readonly MountPoint[], base = BASE): Promise<CgroupFacts> {
  const unified = mounts.findLast(({ path }) => path === base);
  if (unified?.fsType === 'cgroup2') return v2Facts(base);
  const folders = v1Folders(mounts);
  const isHybrid = mounts.some(({ fsType }) => fsType === 'cgroup2');
  const limits = new Set<HostLimit>();
  await Promise.all(
    Object.entries(V1_FILES).flatMap(([controller, files]) => {
      const folder = folders.get(controller);
      if (folder === undefined) return [];
      return limitNames(files).map(async (limit) => {
        const file = files[limit];
        if (file !== undefined && (await isThere(join(folder, file)))) limits.add(limit);
      });
    }),
  );
  const cpusets = folders.get('cpuset');
  return {
    cgroupVersion: isHybrid ? 'hybrid' : 1,
    controllers: new Set(folders.keys()),
    limits,
    cpus: cpusets === undefined ? '' : await textOf(join(cpusets, 'cpuset.cpus')),
    mems: cpusets === undefined ? '' : await textOf(join(cpusets, 'cpuset.mems')),
  };
}

function limitNames(files: Readonly<Partial<Record<HostLimit, string>>>): HostLimit[] {
  // Object.keys forgets the names' type.
  return Object.keys(files).filter((name): name is HostLimit => name in files);
}

function v1Folders(mounts: readonly MountPoint[]): Map<string, string> {
  const folders = new Map<string, string>();
  for (const { fsType, options, path } of mounts) {
    if (fsType !== 'cgroup') continue;
    for (const option of options.split(',')) {
      if (V1_CONTROLLERS.has(option) && !folders.has(option)) folders.set(option, path);
    }
  }
  return folders;
}

async function v2Facts(base: string): Promise<CgroupFacts> {
  const controllers = new Set(
    (await textOf(join(base, 'cgroup.controllers'))).split(' ').filter((name) => name !== ''),
  );
  const limits = new Set<HostLimit>();
  for (const controller of controllers) {
    for (const limit of V2_LIMITS[controller] ?? []) limits.add(limit);
  }
  if (controllers.has('memory') && (await someCgroupHas(base, ['memory.swap.max'], '/proc/swaps'))) limits.add('swap');
  if (controllers.has('io') && (await someCgroupHas(base, ['io.weight', 'io.bfq.weight']))) {
    limits.add('blkio-weight').add('blkio-weight-device');
  }
  return {
    cgroupVersion: 2,
    controllers,
    limits,
    cpus: await textOf(join(base, 'cpuset.cpus.effective')),
    mems: await textOf(join(base, 'cpuset.mems.effective')),
  };
}

/**
 * The root has no such files, and its children have those of the controllers that it hands down; a child that has none of
 * a controller says nothing.
 * @param otherwise a file that decides when no child says anything. @default yes
 */
async function someCgroupHas(base: string, files: readonly string[], otherwise?: string): Promise<boolean> {
  const controllerFile = files.some((file) => file.startsWith('memory')) ? 'memory.max' : 'io.max';
  const entries = await readdir(base, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(base, name));
  for (const folder of [base, ...folders]) {
    if (!(await isThere(join(folder, controllerFile)))) continue;
    const found = await Promise.all(files.map((file) => isThere(join(folder, file))));
    return found.includes(true);
  }
  return otherwise === undefined || (await isThere(otherwise));
}

async function textOf(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim();
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
