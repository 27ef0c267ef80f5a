import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { cancellation, FailedPreconditionError } from '../errdefs/index.js';
import type { OciSpec } from '../oci/runtime-spec.js';
import { cgroup1Folders } from '../platform/cgroup1-folders.js';
import { type MountPoint, readMounts } from '../platform/mount-info.js';
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
 * pid, which another one may have by now. Where we or pid 1 are in that cgroup, it is nobody's own: nothing is killed.
 *
 * @param pid of init, 0 when unknown. Where the spec names no cgroup it alone is killed, if its cgroup has the id's name
 * @throws FailedPreconditionError when some are left in the end, as those in an uninterruptible sleep are; CanceledError
 */
export async function killProcesses(
  { id }: Bundle,
  spec: OciSpec | undefined,
  pid: number,
  call: RpcCallOptions,
): Promise<void> {
  const { signal, timeoutMs = TIMEOUTS.stepMs } = call;
  const what = `end processes of ${id}`;
  const named = cgroupPlace(spec?.linux?.cgroupsPath, await readMounts());
  const cgroup = named ?? { end: id };
  for (const other of ['self', '1']) if (isWithin(await cgroupsOf(other), cgroup)) return;
  const endBy = performance.now() + timeoutMs;
  for (;;) {
    const candidates = named === undefined ? [String(pid)] : await allPids();
    const pids = await within(cgroup, candidates);
    if (pids.length === 0) return;
    if (signal?.aborted) throw cancellation(what, signal.reason);
    if (performance.now() > endBy) {
      throw new FailedPreconditionError(`${what}: some do not end by SIGKILL`, { fields: { containerId: id, pids } });
    }
    for (const each of pids) kill(each);
    for (const each of pids) await thaw(each);
    await pause(LOOK_EVERY_MS);
  }
}

/** `at`: whole paths. `end`: the part of a path that only the container's has, wherever the runtime put it. */
export type CgroupPlace = { readonly at: readonly string[] } | { readonly end: string };

/**
 * Where a container's processes are, by its spec. An absolute path counts from the root of what is mounted here: below
 * the cgroup of another engine's container the same path may come again, and is not ours. A relative one is wherever the
 * runtime puts it; `slice:prefix:name` is systemd's way to say it. `undefined` where the spec says nothing.
 */
export function cgroupPlace(
  cgroupsPath: string | undefined,
  mounts: readonly Pick<MountPoint, 'fsType' | 'root'>[],
): CgroupPlace | undefined {
  if (cgroupsPath === undefined) return undefined;
  const [, prefix, name] = /^[^/:]*:([^/:]*):([^/:]+)$/.exec(cgroupsPath) ?? [];
  if (name !== undefined) return { end: prefix === '' ? `${name}.scope` : `${prefix}-${name}.scope` };
  // Absolute first: then no '..' leads out of it.
  const path = posix.normalize(`/${cgroupsPath}`).replace(/\/+$/, '');
  if (path === '') return undefined;
  if (!cgroupsPath.startsWith('/')) return { end: path.slice(1) };
  const roots = mounts.filter(({ fsType }) => fsType === 'cgroup' || fsType === 'cgroup2').map(({ root }) => root);
  return { at: [...new Set(roots.map((root) => posix.join(root, path)))] };
}

/** @param text of /proc/<pid>/cgroup: `hierarchy:controllers:path` lines */
export function isWithin(text: string, place: CgroupPlace): boolean {
  return text.split('\n').some((line) => {
    const path = `${line.split(':').slice(2).join(':')}/`;
    if ('end' in place) return path.includes(`/${place.end}/`);
    return place.at.some((whole) => path.startsWith(`${whole}/`));
  });
}

async function allPids(): Promise<string[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
}

async function within(cgroup: CgroupPlace, pids: readonly string[]): Promise<number[]> {
  const found: number[] = [];
  for (const pid of pids) if (isWithin(await cgroupsOf(pid), cgroup)) found.push(Number(pid));
  return found;
}

/** With cgroup v1 a frozen process does not even die. */
async function thaw(pid: number): Promise<void> {
  try {
    const folder = (await cgroup1Folders(pid))?.get('freezer');
    if (folder !== undefined) await writeFile(join(folder, 'freezer.state'), 'THAWED', { flag: 'r+' });
  } catch {
    // It ended meanwhile. Otherwise it is found again, and the wait has an end.
  }
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
