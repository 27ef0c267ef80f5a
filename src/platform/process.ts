import { readFile } from 'node:fs/promises';
import process from 'node:process';

const START_TIME_FIELD = 22;
/** The first field after the name in /proc/<pid>/stat: the state. */
const FIRST_FIELD_AFTER_NAME = 3;

/**
 * Whether a process has this pid now. A zombie counts as alive, as in moby's `process.Alive`. False for 0 and below,
 * which name process groups.
 */
export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (err) {
    return err instanceof Error && 'code' in err && err.code === 'EPERM';
  }
}

/**
 * When the process started, in clock ticks since boot; together with the pid it names a process for good, since pids
 * are used again. `undefined` when no process has the pid, or the platform has no /proc.
 */
export async function processStartTime(pid: number): Promise<number | undefined> {
  const stat = await readProc(pid, 'stat');
  return stat === undefined ? undefined : parseStartTime(stat);
}

/** Takes the field out of the text of /proc/<pid>/stat. The name in it may hold blanks, parentheses and line ends. */
export function parseStartTime(stat: string): number | undefined {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(' ');
  const ticks = Number(fields[START_TIME_FIELD - FIRST_FIELD_AFTER_NAME] ?? Number.NaN);
  return Number.isSafeInteger(ticks) ? ticks : undefined;
}

/** The process' arguments, the program first; empty for a zombie and a kernel thread. `undefined` as above. */
export async function commandLine(pid: number): Promise<string[] | undefined> {
  const text = await readProc(pid, 'cmdline');
  if (text === undefined) return undefined;
  if (text === '') return [];
  // Each argument ends with a NUL; a program that wrote its own title may have left the last one out.
  return (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0');
}

async function readProc(pid: number, file: 'stat' | 'cmdline'): Promise<string | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // ENOENT, or ESRCH when it ended between open and read.
    return undefined;
  }
}
