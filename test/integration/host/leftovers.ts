import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Shims, mounts and FIFOs that belong to a test host's folder, each in words. */
export async function leftovers(folder: string): Promise<string[]> {
  const [shims, mounts, fifos] = await Promise.all([shimsOf(folder), mountsUnder(folder), fifosUnder(folder)]);
  return [
    ...shims.map(({ pid, command }) => `shim ${pid}: ${command}`),
    ...mounts.map((mount) => `mount ${mount}`),
    ...fifos.map((fifo) => `fifo ${fifo}`),
  ];
}

export interface ShimProcess {
  readonly pid: number;
  readonly command: string;
}

/** The shims that were started by the containerd of this folder: its socket is in their arguments. */
export async function shimsOf(folder: string): Promise<ShimProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid): Promise<ShimProcess | undefined> => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const args = command.split('\0');
      const isShim = args[0]?.includes('containerd-shim') ?? false;
      if (!isShim || !args.some((arg) => arg.startsWith(`${folder}/`))) return undefined;
      return { pid: Number(pid), command: args.join(' ').trim() };
    }),
  );
  return found.filter((shim) => shim !== undefined);
}

/** Ends what a failed test left running, so that the next one starts clean: shims and what runs in them, mounts. */
export async function endLeftovers(folder: string): Promise<void> {
  for (const { pid } of await shimsOf(folder)) {
    for (const child of await childrenOf(pid)) kill(child);
    kill(pid);
  }
  for (const mount of await mountsUnder(folder)) spawnSync('umount', ['--lazy', mount]);
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}

async function mountsUnder(folder: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  return lines.map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(`${folder}/`));
}

async function fifosUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFIFO()).map((entry) => join(entry.parentPath, entry.name));
}
