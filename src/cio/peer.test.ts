// No tests of its own: what the tests of this folder share. The name keeps it out of the build.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { FifoStdio } from './fifo-stdio.js';

/** What slow tests multiply their counts with. */
export const scale = Math.min(1, Math.max(0, Number(process.env.SCALE ?? 1)));

export function times(count: number): number {
  return Math.max(1, Math.round(count * scale));
}

export interface Place {
  readonly dir: string;
  create(options?: { stdin?: boolean; terminal?: boolean; processId?: string }): Promise<FifoStdio>;
  /** Descriptors of this process that are FIFOs of this folder. */
  openFifos(): string[];
  remove(): void;
}

export function makePlace(): Place {
  const dir = mkdtempSync(join(tmpdir(), 'cio-'));
  return {
    dir,
    create: ({ stdin = false, terminal = false, processId = 'p1' } = {}) =>
      FifoStdio.create({ dir, processId, stdin, terminal }),
    openFifos: () => descriptors().filter((target) => target.startsWith(dir)),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Where the descriptors of this process lead. */
export function descriptors(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // the one that read the folder
    }
  });
}

/** Runs a script with the FIFOs as $stdin, $stdout and $stderr. It has to print a line when it is ready. */
export function shell(script: string, { config }: FifoStdio, files: Record<string, string> = {}): ChildProcess {
  const { stdin, stdout, stderr } = config;
  const env = { PATH: process.env.PATH ?? '', stdin, stdout, stderr, ...files };
  return spawn('sh', ['-c', script], { env, stdio: ['pipe', 'pipe', 'inherit'], timeout: 30_000 });
}

/** Waits for the line. */
export async function ready(child: ChildProcess): Promise<void> {
  assert.ok(child.stdout !== null);
  await once(child.stdout, 'data');
}

export async function exited(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

export async function collect(stream: Readable | undefined): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Lets the event loop run until `value` has stayed the same for some turns. */
export async function settled<T>(value: () => T): Promise<T> {
  let last = value();
  for (let same = 0; same < 50; same++) {
    await turn();
    const current = value();
    if (current !== last) same = 0;
    last = current;
  }
  return last;
}

/** Lets the event loop run until it is so; the test's own timeout bounds it. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn();
}

/** The 'end', 'finish' and 'close' that a stream emits, in order. */
export function record(stream: { on(event: string, listener: () => void): unknown } | undefined): string[] {
  const seen: string[] = [];
  for (const event of ['end', 'finish', 'close']) stream?.on(event, () => seen.push(event));
  return seen;
}
