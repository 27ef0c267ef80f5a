import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { statsOf } from './container-stats-of.js';
import { decodeMetrics } from './decode-metrics.js';

/** The kernel's names in the order of their numbers on the wire, from 1 (containerd/cgroups, metrics.proto of each version). */
const V1_OF_ONE =
  'cache rss rss_huge mapped_file dirty writeback pgpgin pgpgout pgfault pgmajfault inactive_anon active_anon ' +
  'inactive_file active_file unevictable';
const V1_NAMES = [
  ...V1_OF_ONE.split(' '),
  'hierarchical_memory_limit',
  'hierarchical_memsw_limit',
  ...V1_OF_ONE.split(' ').map((name) => `total_${name}`),
];
const V2_NAMES = (
  'anon file kernel_stack slab sock shmem file_mapped file_dirty file_writeback anon_thp inactive_anon active_anon ' +
  'inactive_file active_file unevictable slab_reclaimable slab_unreclaimable pgfault pgmajfault workingset_refault ' +
  'workingset_activate workingset_nodereclaim pgrefill pgscan pgsteal pgactivate pgdeactivate pglazyfree pglazyfreed ' +
  'thp_fault_alloc thp_collapse_alloc'
).split(' ');
/** The field of the memory message in the metrics of both versions. */
const MEMORY = 4;

describe('memory_stats.stats', () => {
  for (const [version, names] of [
    ['v1', V1_NAMES],
    ['v2', V2_NAMES],
  ] as const) {
    it(`has each counter of cgroup ${version} under the kernel's name, sorted`, () => {
      const metrics = decodeMetrics(
        { typeUrl: `io.containerd.cgroups.${version}.Metrics`, value: numbered(names.length) },
        new Date(0),
      );
      const nothing = { hostCpu: undefined, hostMemoryBytes: undefined, networks: undefined, previous: undefined };
      const { stats = {} } = statsOf({ id: 'abc', name: '/web', metrics, ...nothing }).memory_stats;
      assert.deepEqual(stats, Object.fromEntries(names.map((name, index) => [name, BigInt(index + 1)])));
      assert.deepEqual(Object.keys(stats), names.toSorted());
    });
  }
});

/** A memory message whose fields from 1 to `count` have their own numbers as values. */
function numbered(count: number): Buffer {
  const fields = Array.from({ length: count }, (_, index) => [...varint((index + 1) << 3), index + 1]).flat();
  return Buffer.from([(MEMORY << 3) | 2, ...varint(fields.length), ...fields]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, value >> 7];
}
