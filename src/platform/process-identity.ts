import { readFileSync } from 'node:fs';
import { parseStartTime } from './process.js';

/**
 * Names one process for good. Pids are used again, start times count from boot: only all three together cannot name
 * another process.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly startTime: number;
  readonly bootId: string;
}

/** Fields of /proc/<pid>/stat after the name, from 0. */
const STATE = 0;
const THREADS = 17;

/** Of the process that has the pid now; `undefined` when there is none, or only a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const startTime = parseStartTime(stat);
  return startTime === undefined || hasEnded(stat) ? undefined : { pid, startTime, bootId: bootId() };
}

/**
 * Whether it is a zombie to the last thread. The first one is a zombie as soon as a kill begins; until the others have
 * ended too, sockets and locks of the process are held.
 */
function hasEnded(stat: string): boolean {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(' ');
  const state = fields[STATE];
  return state === 'X' || state === 'x' || (state === 'Z' && Number(fields[THREADS]) <= 1);
}

/** Whether this very process still lives. */
export function lives(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid);
  return now !== undefined && now.startTime === identity.startTime && now.bootId === identity.bootId;
}

let knownBootId: string | undefined;

function bootId(): string {
  knownBootId ??= readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return knownBootId;
}

// Synchronous: /proc is memory, and a pid must be checked with nothing in between before it is signalled.
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // ENOENT, or ESRCH when it ended between open and read.
    return undefined;
  }
}
