import { stringifyIntegersForGo } from '../protocol/go-json.js';
import type { ContainerStats } from './container-stats.js';

/**
 * The sample as one line of JSON, without its end: Docker's keys in the order of moby's current sources, `unsupported_fields` at
 * the end. Counters are plain numbers with all their digits; a client must not read those over 2^53 into a float.
 */
export function statsJson(stats: ContainerStats): string {
  return stringifyIntegersForGo({
    id: stats.id,
    name: stats.name,
    os_type: stats.os_type,
    read: stats.read,
    cpu_stats: stats.cpu_stats,
    memory_stats: stats.memory_stats,
    networks: stats.networks,
    pids_stats: stats.pids_stats,
    blkio_stats: stats.blkio_stats,
    num_procs: stats.num_procs,
    storage_stats: stats.storage_stats,
    preread: stats.preread,
    precpu_stats: stats.precpu_stats,
    unsupported_fields: stats.unsupported_fields,
  });
}
