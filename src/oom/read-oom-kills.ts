import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toEngineError } from '../errdefs/index.js';

const FILES = { 1: 'memory.oom_control', 2: 'memory.events' } as const;

/**
 * How many processes the kernel has killed for want of memory since the cgroup was made. Version 2 counts cgroups below
 * it too, version 1 does not. It has counted a kill before the victim gets its signal (`__oom_kill_process` in Linux'
 * mm/oom_kill.c), so who has seen a victim's exit reads it complete.
 *
 * Reads at once: the file is no disk's, and a turn through libuv's threads costs more than the read.
 * @returns `undefined` when the cgroup is gone, has no memory controller, or the kernel does not count (before 4.13)
 * @throws an EngineError of the class of the system's error
 */
export function readOomKills(cgroup: { readonly version: 1 | 2; readonly folder: string }): number | undefined {
  let text: string;
  try {
    text = readFileSync(join(cgroup.folder, FILES[cgroup.version]), 'latin1');
  } catch (err) {
    const errno = err instanceof Error && 'code' in err ? err.code : undefined;
    // ENODEV when it was removed between open and read.
    if (errno === 'ENOENT' || errno === 'ENODEV') return undefined;
    throw toEngineError(err, 'count oom kills');
  }
  const [, count] = /^oom_kill (\d+)$/m.exec(text) ?? [];
  return count === undefined ? undefined : Number(count);
}
