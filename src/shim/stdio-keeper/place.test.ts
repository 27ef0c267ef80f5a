// No tests of its own: what the tests of this folder share. The name keeps it out of the build.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readlinkSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { FifoStdio } from '../../cio/fifo-stdio.js';
import type { StdioConfig } from '../../cio/stdio.js';
import type { Logger } from '../../log/logger.js';
import { makeFifos } from '../../platform/fifo.js';
import { identify, lives, type ProcessIdentity } from '../../platform/process-identity.js';
import { StdioKeeper, type StdioKeeperOptions } from './stdio-keeper.js';

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

/** Looks again and again; fails after 20 s. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const endBy = performance.now() + 20_000;
  while (!isSo()) {
    assert.ok(performance.now() < endBy, `not so within 20 s: ${what}`);
    await sleep(10);
  }
}

export function processOf(pid: number): ProcessIdentity {
  const identity = identify(pid);
  assert.ok(identity !== undefined, `no process ${pid}`);
  return identity;
}

/** A folder with a keeper's socket and FIFOs. `remove` ends what was started and fails when it does not end. */
export class KeeperPlace {
  readonly dir = mkdtempSync(join(tmpdir(), 'keeper-'));
  readonly socketPath = join(this.dir, 'keeper.sock');
  readonly #processes: ProcessIdentity[] = [];
  readonly #clients: StdioKeeper[] = [];

  async start(options: Partial<StdioKeeperOptions> = {}): Promise<StdioKeeper> {
    const client = await StdioKeeper.start({ socketPath: this.socketPath, log: silent, idleMs: 500, ...options });
    this.#clients.push(client);
    this.track(client.pid);
    return client;
  }

  track(pid: number): ProcessIdentity {
    const identity = processOf(pid);
    this.#processes.push(identity);
    return identity;
  }

  async fifos(name = 'p1'): Promise<StdioConfig> {
    const config = {
      stdin: '',
      stdout: join(this.dir, `${name}-stdout`),
      stderr: join(this.dir, `${name}-stderr`),
      terminal: false,
    };
    await makeFifos([config.stdout, config.stderr]);
    return config;
  }

  /** A process that opens the FIFOs as a shim does, for reading too, and writes so many bytes into each. */
  write({ stdout, stderr }: StdioConfig, bytes: number): ChildProcess {
    const script = `exec 3<>"$1" 4<>"$2"; head -c ${bytes} /dev/zero >&3; head -c ${bytes} /dev/zero >&4`;
    const child = spawn('sh', ['-c', script, 'sh', stdout, stderr], { stdio: 'ignore', timeout: 60_000 });
    // Not there when it has ended already.
    const identity = identify(child.pid ?? 0);
    if (identity !== undefined) this.#processes.push(identity);
    return child;
  }

  async remove(): Promise<void> {
    for (const client of this.#clients) {
      client.close();
      const identity = identify(client.pid);
      if (identity !== undefined) this.#processes.push(identity);
    }
    const others = this.#processes.filter(({ pid }) => pid !== process.pid);
    for (const identity of others) {
      if (lives(identity)) process.kill(identity.pid, 'SIGKILL');
    }
    for (const identity of others) await until(`process ${identity.pid} has ended`, () => !lives(identity));
    assert.deepEqual(fifosIn('self', this.dir), []);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  assert.equal(child.exitCode, 0);
}

/**
 * Reads both outputs as an engine does that comes after the exit, or that comes before it and then hears of it.
 * @returns the number of bytes of each
 */
export async function readLate(config: StdioConfig, exit: Promise<void> = Promise.resolve()): Promise<number[]> {
  const stdio = await FifoStdio.openExisting(config);
  const counts = Promise.all([count(stdio.streams.stdout), count(stdio.streams.stderr)]);
  await exit;
  stdio.processExited();
  const result = await counts;
  await stdio.close({ removeFiles: false });
  return result;
}

async function count(stream: Readable | undefined): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream ?? []) bytes += chunk.length;
  return bytes;
}

/** Where the descriptors of a process lead, of those below a folder. */
export function fifosIn(pid: number | 'self', dir: string): string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return []; // the one that read the folder
      }
    })
    .filter((target) => target.startsWith(dir));
}

/** Makes a file that is no FIFO. */
export function plainFile(path: string): string {
  const fd = openSync(path, 'w');
  writeSync(fd, 'x');
  closeSync(fd);
  return path;
}
