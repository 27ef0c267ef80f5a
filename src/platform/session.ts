import { readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';

/** Fields of /proc/<pid>/stat after the name, from 0. */
const SESSION = 3;

/**
 * Kills (SIGKILL) those of a container's processes that belong to a session. A session's id is not given to another one as
 * long as a process of it is left, so nobody else is hit, even when pids are used again. What shares our mounts is in no
 * container and left alone, whatever a backend says.
 * @param session the pid of the process that began it, which may be gone
 * @param pids in the host's pid namespace
 * @returns how many were killed
 */
export function killOfSession(session: number, pids: readonly number[]): number {
  return pids.filter((pid) => sessionOf(pid) === session && isContained(pid) && kill(pid)).length;
}

/** `undefined` when no process has the pid, or the platform has no /proc. */
export function sessionOf(pid: number): number | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  try {
    // Synchronous: nothing may come between this look and the signal.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 1)
      .trim()
      .split(' ');
    return Number(fields[SESSION]);
  } catch {
    // ENOENT, or ESRCH when it ended between open and read.
    return undefined;
  }
}

function isContained(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`) !== readlinkSync('/proc/self/ns/mnt');
  } catch {
    return false;
  }
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
    return false;
  }
}
