import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { DataLossError, toEngineError } from '../errdefs/index.js';

/** Linux gives user programs this many ticks a second on all architectures. */
const NS_PER_TICK = 1_000_000_000n / 100n;
const NS_PER_MS = 1_000_000n;
/** User, nice, system, idle, iowait, irq, softirq. Stolen time is no time of this host, and guests' is in user already. */
const COLUMNS = 7;

/** What the CPU time of a container is compared with. */
export interface HostCpu {
  /** All CPUs together, idle time too, since boot. `undefined` on Windows, where it is not used. */
  readonly usageNs: bigint | undefined;
  readonly onlineCpus: number;
}

/**
 * Reads the CPU time of the host (moby daemon/stats_unix.go `getSystemCPUUsage`).
 * @param signal ends the wait
 * @throws DataLossError when /proc/stat cannot be understood; CanceledError when `signal` fires; otherwise by the system's error
 */
export async function readHostCpu({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<HostCpu> {
  if (process.platform !== 'linux') return { usageNs: undefined, onlineCpus: cpus().length };
  let text: string;
  try {
    text = await readFile('/proc/stat', { encoding: 'utf8', signal });
  } catch (err) {
    throw toEngineError(err, "read the host's CPU time");
  }
  return parseHostCpu(text);
}

/** @throws DataLossError */
export function parseHostCpu(text: string): HostCpu {
  let usageNs: bigint | undefined;
  let onlineCpus = 0;
  for (const line of text.split('\n')) {
    // The lines of CPUs come first; one of the next holds a number for each interrupt there is.
    if (!line.startsWith('cpu')) break;
    const [name, ...ticks] = line.trim().split(/\s+/);
    if (name !== 'cpu') {
      onlineCpus += 1;
      continue;
    }
    const counted = ticks.slice(0, COLUMNS);
    if (counted.length < COLUMNS || !counted.every((tick) => /^\d+$/.test(tick))) break;
    usageNs = counted.reduce((sum, tick) => sum + BigInt(tick), 0n) * NS_PER_TICK;
  }
  if (usageNs === undefined) {
    throw new DataLossError('read the CPU time of the host: /proc/stat has no line of all CPUs', {
      fields: { path: '/proc/stat' },
    });
  }
  return { usageNs, onlineCpus };
}

/** What it was that many milliseconds before: each CPU counts all its time, busy or idle. */
export function hostCpuBefore({ usageNs, onlineCpus }: HostCpu, agoMs: number): HostCpu {
  if (usageNs === undefined) return { usageNs, onlineCpus };
  const since = BigInt(Math.round(agoMs)) * BigInt(onlineCpus) * NS_PER_MS;
  return { usageNs: usageNs > since ? usageNs - since : 0n, onlineCpus };
}

/** The memory of the host in bytes, what no container can have more than (`MemTotal` on Linux). */
export function hostMemoryBytes(): bigint {
  return BigInt(totalmem());
}
