import type { MemoryStat } from '../protocol/gen/containerd/stats/cgroup1.js';

type StatFields = Omit<MemoryStat, 'usage' | 'swap' | 'kernel' | 'kernelTcp'>;

/** The fields of `memory.stat` by the kernel's names. What a kernel does not write is 0. */
export function memoryStat(stat: ReadonlyMap<string, bigint>): StatFields {
  const field = (name: string) => stat.get(name) ?? 0n;
  return {
    cache: field('cache'),
    rss: field('rss'),
    rssHuge: field('rss_huge'),
    mappedFile: field('mapped_file'),
    dirty: field('dirty'),
    writeback: field('writeback'),
    pgPgIn: field('pgpgin'),
    pgPgOut: field('pgpgout'),
    pgFault: field('pgfault'),
    pgMajFault: field('pgmajfault'),
    inactiveAnon: field('inactive_anon'),
    activeAnon: field('active_anon'),
    inactiveFile: field('inactive_file'),
    activeFile: field('active_file'),
    unevictable: field('unevictable'),
    hierarchicalMemoryLimit: field('hierarchical_memory_limit'),
    hierarchicalSwapLimit: field('hierarchical_memsw_limit'),
    totalCache: field('total_cache'),
    totalRss: field('total_rss'),
    totalRssHuge: field('total_rss_huge'),
    totalMappedFile: field('total_mapped_file'),
    totalDirty: field('total_dirty'),
    totalWriteback: field('total_writeback'),
    totalPgPgIn: field('total_pgpgin'),
    totalPgPgOut: field('total_pgpgout'),
    totalPgFault: field('total_pgfault'),
    totalPgMajFault: field('total_pgmajfault'),
    totalInactiveAnon: field('total_inactive_anon'),
    totalActiveAnon: field('total_active_anon'),
    totalInactiveFile: field('total_inactive_file'),
    totalActiveFile: field('total_active_file'),
    totalUnevictable: field('total_unevictable'),
  };
}
