import type {
  Cgroup1BlkIOEntry,
  Cgroup1BlkIOStat,
  Cgroup1HugetlbStat,
  Cgroup1MemoryStat,
  Cgroup1Metrics,
} from '../../stats/cgroup1-metrics.js';
import { type ContainerFamily, listed, single } from './family.js';

type Family = ContainerFamily<Cgroup1Metrics>;
type MemoryField = {
  [K in keyof Cgroup1MemoryStat]: Cgroup1MemoryStat[K] extends bigint ? K : never;
}[keyof Cgroup1MemoryStat];

const memory = (name: string, help: string, field: MemoryField): Family =>
  single(`memory_${name}_bytes`, help, (sample) => sample.memory?.[field]);

/** Four families of one of the memory controller's counters. `subject` is how HELP texts call it. */
function memoryEntry(field: 'usage' | 'swap' | 'kernel' | 'kernelTcp', name: string, subject: string): Family[] {
  const help = name === 'usage' ? 'memory' : subject;
  return [
    single(`memory_${name}_failcnt_total`, `The ${subject} failcnt`, ({ memory }) => memory?.[field]?.failcnt),
    single(`memory_${name}_limit_bytes`, `The ${help} limit`, ({ memory }) => memory?.[field]?.limit),
    single(`memory_${name}_max_bytes`, `The ${help} maximum usage`, ({ memory }) => memory?.[field]?.max),
    single(`memory_${name}_usage_bytes`, `The ${help} usage`, ({ memory }) => memory?.[field]?.usage),
  ];
}

const PAGE = { page: ({ pagesize }: Cgroup1HugetlbStat) => pagesize };
const hugetlb = (name: string, help: string, value: (entry: Cgroup1HugetlbStat) => bigint): Family =>
  listed(`hugetlb_${name}`, help, (sample) => sample.hugetlb, value, PAGE);

const DEVICE = {
  op: ({ op }: Cgroup1BlkIOEntry) => op,
  device: ({ device }: Cgroup1BlkIOEntry) => device,
  major: ({ major }: Cgroup1BlkIOEntry) => `${major}`,
  minor: ({ minor }: Cgroup1BlkIOEntry) => `${minor}`,
};
const blkio = (name: string, help: string, field: keyof Cgroup1BlkIOStat): Family =>
  listed(
    `blkio_${name}`,
    help,
    (sample) => sample.blkio?.[field],
    ({ value }) => value,
    DEVICE,
  );

/** Equal in containerd 1.6, 1.7 and 2.x. Units are containerd's, also where they are none: page faults in bytes. */
export const CGROUP1_FAMILIES: readonly Family[] = [
  single('pids_limit', 'The limit to the number of pids allowed', ({ pids }) => pids?.limit),
  single('pids_current', 'The current number of pids', ({ pids }) => pids?.current),

  single('cpu_total_nanoseconds', 'The total cpu time', ({ cpu }) => cpu?.usage?.total),
  single('cpu_kernel_nanoseconds', 'The total kernel cpu time', ({ cpu }) => cpu?.usage?.kernel),
  single('cpu_user_nanoseconds', 'The total user cpu time', ({ cpu }) => cpu?.usage?.user),
  listed(
    'per_cpu_nanoseconds',
    'The total cpu time per cpu',
    ({ cpu }) => cpu?.usage?.perCpu,
    (time) => time,
    {
      cpu: (_time, index) => `${index}`,
    },
  ),
  single('cpu_throttle_periods_total', 'The total cpu throttle periods', ({ cpu }) => cpu?.throttling?.periods),
  single(
    'cpu_throttled_periods_total',
    'The total cpu throttled periods',
    ({ cpu }) => cpu?.throttling?.throttledPeriods,
  ),
  single('cpu_throttled_time_nanoseconds', 'The total cpu throttled time', ({ cpu }) => cpu?.throttling?.throttledTime),

  memory('cache', 'The cache amount used', 'cache'),
  memory('rss', 'The rss amount used', 'rss'),
  memory('rss_huge', 'The rss_huge amount used', 'rssHuge'),
  memory('mapped_file', 'The mapped_file amount used', 'mappedFile'),
  memory('dirty', 'The dirty amount', 'dirty'),
  memory('writeback', 'The writeback amount', 'writeback'),
  memory('pgpgin', 'The pgpgin amount', 'pgPgIn'),
  memory('pgpgout', 'The pgpgout amount', 'pgPgOut'),
  memory('pgfault', 'The pgfault amount', 'pgFault'),
  memory('pgmajfault', 'The pgmajfault amount', 'pgMajFault'),
  memory('inactive_anon', 'The inactive_anon amount', 'inactiveAnon'),
  memory('active_anon', 'The active_anon amount', 'activeAnon'),
  memory('inactive_file', 'The inactive_file amount', 'inactiveFile'),
  memory('active_file', 'The active_file amount', 'activeFile'),
  memory('unevictable', 'The unevictable amount', 'unevictable'),
  memory('hierarchical_memory_limit', 'The hierarchical_memory_limit amount', 'hierarchicalMemoryLimit'),
  memory('hierarchical_memsw_limit', 'The hierarchical_memsw_limit amount', 'hierarchicalSwapLimit'),
  memory('total_cache', 'The total_cache amount used', 'totalCache'),
  memory('total_rss', 'The total_rss amount used', 'totalRss'),
  memory('total_rss_huge', 'The total_rss_huge amount used', 'totalRssHuge'),
  memory('total_mapped_file', 'The total_mapped_file amount used', 'totalMappedFile'),
  memory('total_dirty', 'The total_dirty amount', 'totalDirty'),
  memory('total_writeback', 'The total_writeback amount', 'totalWriteback'),
  memory('total_pgpgin', 'The total_pgpgin amount', 'totalPgPgIn'),
  memory('total_pgpgout', 'The total_pgpgout amount', 'totalPgPgOut'),
  memory('total_pgfault', 'The total_pgfault amount', 'totalPgFault'),
  memory('total_pgmajfault', 'The total_pgmajfault amount', 'totalPgMajFault'),
  memory('total_inactive_anon', 'The total_inactive_anon amount', 'totalInactiveAnon'),
  memory('total_active_anon', 'The total_active_anon amount', 'totalActiveAnon'),
  memory('total_inactive_file', 'The total_inactive_file amount', 'totalInactiveFile'),
  memory('total_active_file', 'The total_active_file amount', 'totalActiveFile'),
  memory('total_unevictable', 'The total_unevictable amount', 'totalUnevictable'),
  ...memoryEntry('usage', 'usage', 'usage'),
  ...memoryEntry('swap', 'swap', 'swap'),
  ...memoryEntry('kernel', 'kernel', 'kernel'),
  ...memoryEntry('kernelTcp', 'kerneltcp', 'kerneltcp'),
  {
    // From `v1/oom.go`, whose collector knows no constant labels.
    ...single<Cgroup1Metrics>(
      'memory_oom_total',
      'The number of times a container has received an oom event',
      ({ memoryOomControl }) => memoryOomControl?.oomKill,
    ),
    type: 'counter',
    isOfRuntimeV1: true,
  },

  hugetlb('usage_bytes', 'The hugetlb usage', ({ usage }) => usage),
  hugetlb('failcnt_total', 'The hugetlb failcnt', ({ failcnt }) => failcnt),
  hugetlb('max_bytes', 'The hugetlb maximum usage', ({ max }) => max),

  blkio('io_merged_recursive_total', 'The blkio io merged recursive', 'ioMergedRecursive'),
  blkio('io_queued_recursive_total', 'The blkio io queued recursive', 'ioQueuedRecursive'),
  blkio('io_service_bytes_recursive_bytes', 'The blkio io service bytes recursive', 'ioServiceBytesRecursive'),
  blkio('io_service_time_recursive_total', 'The blkio io service time recursive', 'ioServiceTimeRecursive'),
  blkio('io_serviced_recursive_total', 'The blkio io serviced recursive', 'ioServicedRecursive'),
  blkio('io_time_recursive_total', 'The blkio io time recursive', 'ioTimeRecursive'),
  blkio('sectors_recursive_total', 'The blkio sectors recursive', 'sectorsRecursive'),
];
