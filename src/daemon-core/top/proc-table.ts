import { readFile } from 'node:fs/promises';
import { type ProcessDetails, processDetails } from '../../platform/process-details.js';
import type { ProcessTable } from './ps-output.js';

const TITLES = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'];
const DAY_MS = 86_400_000;
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
/** Numbers of the kernel's drivers of terminals: the console's, and the first and last of pseudo terminals. */
const TTY_MAJOR = 4;
const PTS_MAJORS = [136, 143] as const;
const MINORS = 256;

/** What `ps -ef` prints of these processes, without ps. One that ends meanwhile is left out. */
export async function procTable(pids: readonly number[], now: Date = new Date()): Promise<ProcessTable> {
  const [users, details] = await Promise.all([hostUsers(), Promise.all(pids.map(processDetails))]);
  const found = details.filter((process) => process !== undefined);
  return { Titles: TITLES, Processes: found.map((process) => row(process, users, now)) };
}

/** The columns of one process. */
export function row(process: ProcessDetails, users: ReadonlyMap<number, string>, now: Date): string[] {
  const { pid, ppid, uid, startedAt, cpuSeconds, tty, command } = process;
  const aliveSeconds = Math.max(1, (now.getTime() - startedAt.getTime()) / 1_000);
  return [
    users.get(uid) ?? String(uid),
    String(pid),
    String(ppid),
    String(Math.min(99, Math.floor((cpuSeconds / aliveSeconds) * 100))),
    startTime(startedAt, now),
    ttyName(tty),
    cpuTime(cpuSeconds),
    command,
  ];
}

async function hostUsers(): Promise<Map<number, string>> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const users = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name = '', , uid = ''] = line.split(':');
    // Of several names the first counts.
    if (/^\d+$/.test(uid) && !users.has(Number(uid))) users.set(Number(uid), name);
  }
  return users;
}

/** Of the last day the time, of this year the day, else the year. */
function startTime(startedAt: Date, now: Date): string {
  if (now.getTime() - startedAt.getTime() < DAY_MS && now.getDate() === startedAt.getDate()) {
    return `${two(startedAt.getHours())}:${two(startedAt.getMinutes())}`;
  }
  if (now.getFullYear() !== startedAt.getFullYear()) return String(startedAt.getFullYear());
  return `${MONTHS[startedAt.getMonth()] ?? ''}${two(startedAt.getDate())}`;
}

/** The kernel's number has the major in bits 8 to 19, the minor in those below and above. */
function ttyName(tty: number): string {
  const major = (tty >> 8) & 0xfff;
  const minor = (tty & 0xff) | ((tty >> 12) & 0xfff00);
  const [first, last] = PTS_MAJORS;
  if (major >= first && major <= last) return `pts/${minor + (major - first) * MINORS}`;
  return major === TTY_MAJOR ? `tty${minor}` : '?';
}

function cpuTime(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3_600) % 24;
  const time = [hours, Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':');
  return days > 0 ? `${days}-${time}` : time;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
