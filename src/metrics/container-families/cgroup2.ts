import type { Cgroup2IOEntry, Cgroup2MemoryStat, Cgroup2Metrics } from '../../stats/cgroup2-metrics.js';
import { type ContainerFamily, listed, single } from './family.js';

type Family = ContainerFamily<Cgroup2Metrics>;
type MemoryField = {
  [K in keyof Cgroup2MemoryStat]: Cgroup2MemoryStat[K] extends bigint ? K : never;
}[keyof Cgroup2MemoryStat];

const memory = (name: string, help: string, field: MemoryField): Family =>
  single(`memory_${name}_bytes`, help, (sample) => sample.memory?.[field]);

const DEVICE = {
  major: ({ major }: Cgroup2IOEntry) => `${major}`,
  minor: ({ minor }: Cgroup2IOEntry) => `${minor}`,
};
const io = (name: string, help: string, value: (entry: Cgroup2IOEntry) => bigint): Family =>
  listed(`io_${name}`, help, (sample) => sample.io?.usage, value, DEVICE);

/** Equal in containerd 1.6, 1.7 and 2.x. Units are containerd's, also where they are none: page faults in bytes. */
export const CGROUP2_FAMILIES: readonly Family[] = [
  single('pids_limit', 'The limit to the number of pids allowed (cgroup v2)', ({ pids }) => pids?.limit),
  single('pids_current', 'The current number of pids (cgroup v2)', ({ pids }) => pids?.current),

  single('cpu_usage_usec_microseconds', 'Total cpu usage (cgroup v2)', ({ cpu }) => cpu?.usageUsec),
  single('cpu_user_usec_microseconds', 'Current cpu usage in user space (cgroup v2)', ({ cpu }) => cpu?.userUsec),
  single('cpu_system_usec_microseconds', 'Current cpu usage in kernel space (cgroup v2)', ({ cpu }) => cpu?.systemUsec),
  single(
    'cpu_nr_periods_total',
    'Current cpu number of periods (only if controller is enabled)',
    ({ cpu }) => cpu?.nrPeriods,
  ),
  single(
    'cpu_nr_throttled_total',
    'Total number of times tasks have been throttled (only if controller is enabled)',
    ({ cpu }) => cpu?.nrThrottled,
  ),
  single(
    'cpu_throttled_usec_microseconds',
    'Total time duration for which tasks have been throttled. (only if controller is enabled)',
    ({ cpu }) => cpu?.throttledUsec,
  ),

  memory('usage', 'Current memory usage (cgroup v2)', 'usage'),
  memory('usage_limit', 'Current memory usage limit (cgroup v2)', 'usageLimit'),
  memory('swap_usage', 'Current swap usage (cgroup v2)', 'swapUsage'),
  memory('swap_limit', 'Current swap usage limit (cgroup v2)', 'swapLimit'),
  memory('file_mapped', 'The file_mapped amount', 'fileMapped'),
  memory('file_dirty', 'The file_dirty amount', 'fileDirty'),
  memory('file_writeback', 'The file_writeback amount', 'fileWriteback'),
  memory('pgactivate', 'The pgactivate amount', 'pgactivate'),
  memory('pgdeactivate', 'The pgdeactivate amount', 'pgdeactivate'),
  memory('pgfault', 'The pgfault amount', 'pgfault'),
  memory('pgmajfault', 'The pgmajfault amount', 'pgmajfault'),
  memory('pglazyfree', 'The pglazyfree amount', 'pglazyfree'),
  memory('pgrefill', 'The pgrefill amount', 'pgrefill'),
  memory('pglazyfreed', 'The pglazyfreed amount', 'pglazyfreed'),
  memory('pgscan', 'The pgscan amount', 'pgscan'),
  memory('pgsteal', 'The pgsteal amount', 'pgsteal'),
  memory('inactive_anon', 'The inactive_anon amount', 'inactiveAnon'),
  memory('active_anon', 'The active_anon amount', 'activeAnon'),
  memory('inactive_file', 'The inactive_file amount', 'inactiveFile'),
  memory('active_file', 'The active_file amount', 'activeFile'),
  memory('unevictable', 'The unevictable amount', 'unevictable'),
  memory('anon', 'The anon amount', 'anon'),
  memory('file', 'The file amount', 'file'),
  memory('kernel_stack', 'The kernel_stack amount', 'kernelStack'),
  memory('slab', 'The slab amount', 'slab'),
  memory('sock', 'The sock amount', 'sock'),
  memory('shmem', 'The shmem amount', 'shmem'),
  memory('anon_thp', 'The anon_thp amount', 'anonThp'),
  memory('slab_reclaimable', 'The slab_reclaimable amount', 'slabReclaimable'),
  memory('slab_unreclaimable', 'The slab_unreclaimable amount', 'slabUnreclaimable'),
  memory('workingset_refault', 'The workingset_refault amount', 'workingsetRefault'),
  memory('workingset_activate', 'The workingset_activate amount', 'workingsetActivate'),
  memory('workingset_nodereclaim', 'The workingset_nodereclaim amount', 'workingsetNodereclaim'),
  memory('thp_fault_alloc', 'The thp_fault_alloc amount', 'thpFaultAlloc'),
  memory('thp_collapse_alloc', 'The thp_collapse_alloc amount', 'thpCollapseAlloc'),
  single(
    'memory_oom_total',
    'The number of times a container has received an oom event',
    ({ memoryEvents }) => memoryEvents?.oom,
  ),

  io('rbytes_bytes', 'IO bytes read', ({ rbytes }) => rbytes),
  io('wbytes_bytes', 'IO bytes written', ({ wbytes }) => wbytes),
  io('rios_total', 'Number of read IOs', ({ rios }) => rios),
  io('wios_total', 'Number of write IOs', ({ wios }) => wios),
];
