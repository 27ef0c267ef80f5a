import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { endLeftovers, leftovers } from '../test/integration/host/leftovers.js';
import { makeRootfs } from '../test/integration/host/rootfs.js';
import { until } from '../test/integration/host/until.js';

/** A stdio keeper that holds nothing ends within a second. */
const GOING_MS = 5_000;

export interface DemoProcess {
  readonly pid: number;
  readonly command: string;
}

/** Where all that the demo makes lies, and how it goes again. */
export class DemoFolder {
  readonly path: string;
  readonly rootfs: string;

  private constructor(path: string, rootfs: string) {
    this.path = path;
    this.rootfs = rootfs;
  }

  static async make(): Promise<DemoFolder> {
    const path = await mkdtemp('/tmp/lcd-demo-');
    return new DemoFolder(path, await makeRootfs(join(path, 'rootfs')));
  }

  at(name: string): string {
    return join(this.path, name);
  }

  /** Processes that have the folder in their arguments: shims, the stdio keeper, a containerd. */
  async processes(): Promise<DemoProcess[]> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
    const found = await Promise.all(
      pids.map(async (pid) => {
        const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
        if (!args.slice(1).some((arg) => arg.startsWith(`${this.path}/`))) return undefined;
        return { pid: Number(pid), command: args.join(' ').trim() };
      }),
    );
    return found.filter((each) => each !== undefined);
  }

  /** Ends what still runs, and removes everything. Gives what should have been gone by itself, in words. */
  async clear(): Promise<string[]> {
    await until('the last process to end', async () => (await this.processes()).length === 0, GOING_MS).catch(() => {});
    const left = await leftovers(this.path);
    for (const { pid, command } of await this.processes()) {
      if (!command.includes('containerd-shim')) left.push(`process ${pid}: ${command}`);
    }
    await endLeftovers(this.path);
    for (const { pid } of await this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself meanwhile.
      }
    }
    await rm(this.path, { recursive: true, force: true });
    return left;
  }
}

/** What `pidof containerd` says. */
export function containerds(): string {
  const { stdout, error } = spawnSync('pidof', ['containerd'], { encoding: 'utf8' });
  if (error !== undefined) return `not known: ${error.message}`;
  return stdout.trim();
}
