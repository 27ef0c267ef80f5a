import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { TestContext } from 'node:test';
import {
  ManagedContainerd,
  type ManagedContainerdOptions,
  type ManagedState,
} from '../../../src/libcontainerd/remote/managed/index.js';

const WAIT_MS = 20_000;

/** Why tests with a real containerd cannot run here; `false` when they can. */
export function whySkip(): string | false {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.geteuid?.() !== 0) return 'needs root';
  try {
    execFileSync('containerd', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'needs containerd on PATH';
  }
}

export interface Place {
  readonly dir: string;
  readonly root: string;
  readonly state: string;
  readonly configPath: string;
  readonly pidfilePath: string;
  readonly logPath: string;
  /** A supervisor of these folders, stopped when the test ends. */
  managed(options?: Partial<ManagedContainerdOptions>): ManagedContainerd;
  /** Pids of the containerds that run with this place's configuration, by whoever's hand. */
  pids(): number[];
  /** Runs before the supervisors are stopped when the test ends; the latest first. */
  cleanup(step: () => void): void;
}

/** Fresh folders. When the test ends, what runs in them is ended and they are removed. */
export function place(t: TestContext): Place {
  const dir = mkdtempSync('/tmp/managed-');
  const root = join(dir, 'root');
  const state = join(dir, 'state');
  const configPath = join(state, 'containerd.toml');
  const supervisors: ManagedContainerd[] = [];
  const steps: (() => void)[] = [];
  const pids = () => pidsWith('--config', configPath);
  t.after(async () => {
    for (const step of steps.reverse()) step();
    for (const each of supervisors) await each.stop({ timeoutMs: 5_000 });
    for (const pid of pids()) process.kill(pid, 'SIGKILL');
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    dir,
    root,
    state,
    configPath,
    pidfilePath: join(state, 'containerd.pid'),
    logPath: join(root, 'containerd.log'),
    managed: (options) => {
      const each = new ManagedContainerd({ root, state, ...options });
      supervisors.push(each);
      return each;
    },
    pids,
    cleanup: (step) => {
      steps.push(step);
    },
  };
}

/** Processes whose command line has these arguments one after another. */
export function pidsWith(...args: string[]): number[] {
  const part = `\0${args.join('\0')}\0`;
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && commandLineOf(pid).includes(part));
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Settles when what a supervisor goes through satisfies the condition, from now on. */
export function untilState<T extends ManagedState>(
  managed: ManagedContainerd,
  condition: (state: ManagedState) => state is T,
): Promise<T>;
export function untilState(
  managed: ManagedContainerd,
  condition: (state: ManagedState) => boolean,
): Promise<ManagedState>;
export function untilState(
  managed: ManagedContainerd,
  condition: (state: ManagedState) => boolean,
): Promise<ManagedState> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      off();
      reject(new Error(`the state did not come; it is ${JSON.stringify(managed.state)}`));
    }, WAIT_MS);
    const off = managed.onStateChange((state) => {
      if (!condition(state)) return;
      clearTimeout(timer);
      off();
      resolve(state);
    });
  });
}

export const isRunning = (state: ManagedState) => state.kind === 'running';

/** The pid of a running one. */
export function pidOf(managed: ManagedContainerd): number {
  if (managed.pid === undefined) throw new Error(`no pid while ${managed.state.kind}`);
  return managed.pid;
}

/** Polls a condition that nothing announces. */
export async function untilTrue(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`did not come true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Runs containerd's own client. */
export function ctr(managed: ManagedContainerd, ...args: string[]): string {
  return execFileSync('ctr', ['--address', managed.address, '--namespace', 'managed-test', ...args], {
    encoding: 'utf8',
    timeout: WAIT_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** What must not be there when no containerd runs in this place. */
export function leftovers(at: Place, managed: ManagedContainerd): string[] {
  const paths = [
    at.pidfilePath,
    managed.address,
    managed.ttrpcAddress,
    join(at.root, 'containerd.lock'),
    join(at.state, 'containerd.lock'),
  ];
  return [...paths.filter((path) => existsSync(path)), ...at.pids().map((pid) => `process ${pid}`)];
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
