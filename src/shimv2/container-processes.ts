import { readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { FailedPreconditionError } from '../errdefs/index.js';
import type { OciSpec } from '../oci/runtime-spec.js';
import type { RpcCallOptions } from '../protocol/method.js';
import type { Bundle } from '../shim/bundle.js';
import { TIMEOUTS } from './timeouts.js';

/** There is no event for the end of a process that is not our child. */
const LOOK_EVERY_MS = 10;

/** The pid that the OCI runtime wrote for the container's init; 0 when it did not get that far. */
export async function initPid(bundle: Bundle): Promise<number> {
  const text = await readFile(join(bundle.path, 'init.pid'), 'utf8').catch(() => '');
  const pid = Number(text.trim());
  return Number.isSafeInteger(pid) && pid > 0 ? pid : 0;
}

/**
 * Kills what still runs in the container's cgroup and waits for the end. A process is told by its cgroup and not by a
 * pid, which another one may have by now. Where we are in that cgroup ourselves, it is nobody's own: nothing is killed.
 * @throws FailedPreconditionError when some are left in the end, as those in an uninterruptible sleep are; CanceledError
 */
export async function killProcesses(bundle: Bundle, spec: OciSpec | undefined, call: RpcCallOptions): Promise<void> {
  const cgroup = cgroupEnd(spec?.linux?.cgroupsPath, bundle.id);
  if (isWithin(await cgroupsOf('self'), cgroup)) return;
  const endBy = performance.now() + (call.timeoutMs ?? TIMEOUTS.stepMs);
  for (;;) {
    const pids = await processesOf(cgroup);
    if (pids.length === 0) return;
    if (performance.now() > endBy) {
      throw new FailedPreconditionError(`end processes of ${bundle.id}: some do not end by SIGKILL`, {
        fields: { containerId: bundle.id, pids },
      });
    }
    for (const pid of pids) kill(pid);
    await delay(LOOK_EVERY_MS, undefined, call.signal === undefined ? {} : { signal: call.signal });
  }
}

/**
 * The part of a cgroup's path that only the container's has: what the spec says, relative to wherever the runtime put
 * it; `slice:prefix:name` is systemd's way to say it; runc takes the id where the spec says nothing.
 */
export function cgroupEnd(cgroupsPath: string | undefined, id: string): string {
  if (cgroupsPath === undefined || cgroupsPath === '') return id;
  const [, prefix, name] = /^[^/:]*:([^/:]*):([^/:]+)$/.exec(cgroupsPath) ?? [];
  if (name !== undefined) return prefix === '' ? `${name}.scope` : `${prefix}-${name}.scope`;
  const path = posix.normalize(cgroupsPath).replace(/^\/+|\/+$/g, '');
  return path === '' || path === '.' ? id : path;
}

/** @param text of /proc/<pid>/cgroup: `hierarchy:controllers:path` lines */
export function isWithin(text: string, end: string): boolean {
  return text.split('\n').some((line) => {
    const path = `${line.split(':').slice(2).join(':')}/`;
    return path.includes(`/${end}/`);
  });
}

async function processesOf(cgroup: string): Promise<number[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found: number[] = [];
  for (const name of names) {
    if (Number(name) !== process.pid && isWithin(await cgroupsOf(name), cgroup)) found.push(Number(name));
  }
  return found;
}

/** Empty for one that ended meanwhile, and for a zombie, which waits for its parent and not for us. */
async function cgroupsOf(pid: string): Promise<string> {
  const read = (file: 'stat' | 'cgroup') => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const stat = await read('stat');
  return /^ [ZXx]/.test(stat.slice(stat.lastIndexOf(')') + 1)) ? '' : read('cgroup');
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it ended by itself.
  }
}
