import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { lives, type ProcessIdentity } from '../../../platform/process-identity.js';

const MAX_PID = 4_194_304;

/**
 * Writes pid, start time and boot id, a line each, in one step: a reader sees the old file or the whole new one.
 * `pkill -F` and shell scripts take the first line.
 */
export function writePidfile(path: string, identity: ProcessIdentity): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${identity.pid}\n${identity.startTime}\n${identity.bootId}\n`, { mode: 0o644 });
  renameSync(temporary, path);
}

/** `undefined` when there is no file or it is not one of ours; it is never taken for more than a hint. */
export function readPidfile(path: string): ProcessIdentity | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const match = /^(\d{1,7})\n(\d{1,16})\n([0-9a-f-]*)\n$/.exec(text);
  if (match === null) return undefined;
  const [, pid, startTime, bootId = ''] = match;
  const identity = { pid: Number(pid), startTime: Number(startTime), bootId };
  return identity.pid > 0 && identity.pid <= MAX_PID && Number.isSafeInteger(identity.startTime) ? identity : undefined;
}

/** The process that the file names, if that very one still lives. A later one with the same pid does not count. */
export function livingProcessOf(path: string): ProcessIdentity | undefined {
  const identity = readPidfile(path);
  return identity !== undefined && lives(identity) ? identity : undefined;
}
