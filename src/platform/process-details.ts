import { readFile, stat } from 'node:fs/promises';
import { commandLine } from './process.js';

/** Linux gives user programs this many ticks a second on all architectures, and node has no call that asks. */
const TICKS_PER_SECOND = 100;
/** Fields of /proc/<pid>/stat after the name, from 0. */
const PPID = 1;
const TTY = 4;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;
const START_TICKS = 19;

/** What `ps -ef` shows of a process. */
export interface ProcessDetails {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly startedAt: Date;
  /** Of the CPU, used so far. */
  readonly cpuSeconds: number;
  /** The kernel's number of its terminal; 0 for none. */
  readonly tty: number;
  /** The name in brackets when it has no arguments, as a zombie or a kernel thread. */
  readonly command: string;
}

/** `undefined` when no process has the pid, or the platform has no /proc. */
export async function processDetails(pid: number): Promise<ProcessDetails | undefined> {
  try {
    const folder = `/proc/${pid}`;
    const [text, { uid }, args, bootSeconds] = await Promise.all([
      readFile(`${folder}/stat`, 'utf8'),
      stat(folder),
      commandLine(pid),
      bootTime(),
    ]);
    const end = text.lastIndexOf(')');
    const name = text.slice(text.indexOf('(') + 1, end);
    const fields = text
      .slice(end + 1)
      .trim()
      .split(' ')
      .map(Number);
    const field = (index: number) => fields[index] ?? 0;
    return {
      pid,
      ppid: field(PPID),
      uid,
      startedAt: new Date((bootSeconds + field(START_TICKS) / TICKS_PER_SECOND) * 1_000),
      cpuSeconds: Math.floor((field(USER_TICKS) + field(SYSTEM_TICKS)) / TICKS_PER_SECOND),
      tty: field(TTY),
      command: args === undefined || args.length === 0 ? `[${name}]` : args.join(' '),
    };
  } catch {
    // ENOENT, or ESRCH when it ended between open and read.
    return undefined;
  }
}

/** In Unix seconds. */
async function bootTime(): Promise<number> {
  const [, seconds = '0'] = /^btime (\d+)$/m.exec(await readFile('/proc/stat', 'utf8')) ?? [];
  return Number(seconds);
}
