// What `docker stats` makes of the JSON, from version 20.10 on (docker/cli cli/command/container/stats_helpers.go). As in Go,
// a key that is absent or null counts as 0, and numbers become floats before they are divided.

/** The part of the JSON that the CLI reads. */
export interface StatsReply {
  readonly cpu_stats: CpuReply;
  readonly precpu_stats: CpuReply;
  readonly memory_stats: { readonly usage?: number; readonly limit?: number; readonly stats?: Record<string, number> };
  readonly blkio_stats: {
    readonly io_service_bytes_recursive?: readonly { readonly op: string; readonly value: number }[] | null;
  };
  readonly pids_stats: { readonly current?: number };
}

interface CpuReply {
  readonly cpu_usage: { readonly total_usage?: number; readonly percpu_usage?: readonly number[] };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

/** Of one CPU; two that are busy are 200. */
export function cpuPercent({ cpu_stats: now, precpu_stats: before }: StatsReply): number {
  const used = (now.cpu_usage.total_usage ?? 0) - (before.cpu_usage.total_usage ?? 0);
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus || (now.cpu_usage.percpu_usage?.length ?? 0);
  return passed > 0 && used > 0 ? (used / passed) * cpus * 100 : 0;
}

/** In bytes, without the page cache that can be given back at once. */
export function memoryUsed({ memory_stats: { usage = 0, stats = {} } }: StatsReply): number {
  const ofV1 = stats.total_inactive_file;
  if (ofV1 !== undefined && ofV1 < usage) return usage - ofV1;
  const { inactive_file: ofV2 = 0 } = stats;
  return ofV2 < usage ? usage - ofV2 : usage;
}

export function memoryPercent(reply: StatsReply): number {
  const { limit = 0 } = reply.memory_stats;
  return limit === 0 ? 0 : (memoryUsed(reply) / limit) * 100;
}

/** In bytes. */
export function blockIo({ blkio_stats }: StatsReply): { readonly read: number; readonly written: number } {
  const sum = (initial: string) =>
    (blkio_stats.io_service_bytes_recursive ?? [])
      .filter(({ op }) => op.charAt(0).toLowerCase() === initial)
      .reduce((total, { value }) => total + value, 0);
  return { read: sum('r'), written: sum('w') };
}
