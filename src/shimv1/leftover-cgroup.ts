import { readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { cancellation, DeadlineExceededError, FailedPreconditionError } from '../errdefs/index.js';
import { cgroup1FoldersAt } from '../platform/cgroup1-folders.js';
import { readMounts } from '../platform/mount-info.js';
import type { RpcCallOptions } from '../protocol/method.js';
import { allCgroupRoots } from '../shim/shim-cgroup.js';

/** The kernel tells nobody when a cgroup of version 1 becomes empty. */
const LOOK_EVERY_MS = 10;
const TIMEOUT_MS = 10_000;

/**
 * Kills all that is in a cgroup and below it, waits for their end and removes it. Nothing happens when it is
 * gone already, which is the rule.
 *
 * @param path from the root of each hierarchy
 * @param call `timeoutMs` @default 10000
 * @returns how many processes were killed
 * @throws FailedPreconditionError for the root, or when this process or pid 1 would be killed; DeadlineExceededError;
 * CanceledError
 */
export async function endCgroup(path: string, call: RpcCallOptions = {}): Promise<number> {
  const { signal, timeoutMs = TIMEOUT_MS } = call;
  const endBy = performance.now() + timeoutMs;
  // Also without '..', which could lead out of the hierarchy.
  const place = normalize(path);
  if (place === '/') throw new FailedPreconditionError('end processes of a container: its cgroup is the root');
  const killed = new Set<number>();
  for (;;) {
    const folders = await foldersOf(place);
    const pids = await pidsIn(folders);
    if (pids.has(process.pid) || pids.has(1)) {
      throw new FailedPreconditionError('end processes of a container: others share its cgroup', { fields: { path } });
    }
    if (pids.size === 0) {
      for (const folder of folders) await removeFolder(folder);
      return killed.size;
    }
    // Frozen processes do not die before they thaw.
    for (const folder of folders) await thaw(folder);
    for (const pid of pids) kill(pid, killed);
    if (performance.now() > endBy) {
      const message = `end processes of a container: ${pids.size} are still there after ${timeoutMs} ms`;
      throw new DeadlineExceededError(message, { fields: { path } });
    }
    await pause(LOOK_EVERY_MS);
    if (signal?.aborted) throw cancellation('end processes of a container', signal.reason);
  }
}

/** The deepest first, for they are removed in this order. */
async function foldersOf(path: string): Promise<string[]> {
  const folders: string[] = [];
  const roots = allCgroupRoots(await readMounts());
  const places = new Set([...(await cgroup1FoldersAt(path)), ...roots.map((root) => join(root, path))]);
  for (const folder of places) await addTree(folder, folders);
  return folders;
}

async function addTree(folder: string, folders: string[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return;
  for (const entry of entries) if (entry.isDirectory()) await addTree(join(folder, entry.name), folders);
  folders.push(folder);
}

async function pidsIn(folders: readonly string[]): Promise<Set<number>> {
  const pids = new Set<number>();
  for (const folder of folders) {
    // Gone meanwhile, or (in a hierarchy of another kind) not there.
    const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
    for (const line of text.split('\n')) if (/^[1-9]\d*$/.test(line)) pids.add(Number(line));
  }
  return pids;
}

async function thaw(folder: string): Promise<void> {
  // Of all hierarchies the freezer's alone has the file, and a cgroup takes no other files.
  await writeFile(join(folder, 'freezer.state'), 'THAWED', { flag: 'r+' }).catch(() => undefined);
}

function kill(pid: number, killed: Set<number>): void {
  try {
    process.kill(pid, 'SIGKILL');
    killed.add(pid);
  } catch {
    // It ended by itself meanwhile.
  }
}

/** What cannot be removed has got a new process: then it is not this container's any more. */
async function removeFolder(folder: string): Promise<void> {
  await rmdir(folder).catch(() => undefined);
}
