import { mkdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InternalError } from '../../errdefs/index.js';
import { runProgram } from '../../platform/run-program.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';

const DEFAULT_BYTES = 64 * 1024 * 1024;
const MOUNT_MS = 10_000;

/**
 * /dev/shm of a container with a shareable IPC namespace: others bind it, so it has to be a mount of the host's. A private
 * one is mounted by the runtime, inside.
 */
export function shmFolder(engine: EngineContext, c: ManagedContainer): string {
  return join(engine.settings.state, 'shm', c.id);
}

export async function mountShm(engine: EngineContext, c: ManagedContainer): Promise<void> {
  if (c.record.hostConfig.IpcMode !== 'shareable') return;
  const folder = shmFolder(engine, c);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (await isMounted(folder)) return;
  const { ShmSize } = c.record.hostConfig;
  const size = ShmSize === undefined || ShmSize === 0 ? DEFAULT_BYTES : ShmSize;
  const options = `mode=1777,size=${size},nosuid,nodev,noexec`;
  await run('mount', '-t', 'tmpfs', '-o', options, 'shm', folder);
}

/** Lazily: a process of a container that joined may have a file of it open. */
export async function unmountShm(engine: EngineContext, c: ManagedContainer): Promise<void> {
  if (c.record.hostConfig.IpcMode !== 'shareable') return;
  const folder = shmFolder(engine, c);
  if (await isMounted(folder)) await run('umount', '-l', folder);
  await rmdir(folder).catch(() => {});
}

/** @throws InternalError with what the program says */
async function run(program: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await runProgram(program, args, { timeoutMs: MOUNT_MS });
  if (code !== 0) throw new InternalError(`${program} ${args.at(-1)}: ${stderr.toString().trim()}`);
}

async function isMounted(folder: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  return mounts.split('\n').some((line) => line.split(' ')[4] === folder);
}
