import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { cancellation, DeadlineExceededError, toEngineError } from '../errdefs/index.js';
import { commandLine } from '../platform/process.js';
import { identify, type ProcessIdentity } from '../platform/process-identity.js';
import type { RpcCallOptions } from '../protocol/method.js';

/** A shim of this host, or a helper of one that is still starting it. */
export interface ShimProcess {
  readonly pid: number;
  /** Clock ticks since boot; with the pid it names the process for good. */
  readonly startTime: number;
  readonly namespace: string;
  /** Of the container that the shim was started for. */
  readonly id: string;
  /** Without the mark of a deleted folder. `undefined` when it cannot be read. */
  readonly cwd: string | undefined;
}

export interface ShimQuery {
  /** The folder of the bundles. */
  readonly bundles: string;
  /** Our event socket and our `-address`, as passed to shims. */
  readonly addresses?: readonly string[] | undefined;
}

const DELETED = ' (deleted)';
const FIND_TIMEOUT_MS = 10_000;
const END_TIMEOUT_MS = 5_000;
const LOOK_EVERY_MS = 10;

/**
 * Finds the shims that work in one of our bundles, be it removed since, or that report to one of our addresses. For
 * shims that no bundle leads to any more: a crash between a shim's start and the writing of `bootstrap.json` leaves one.
 * Processes of others are told by their command lines: a shim of either generation has `-namespace`, and `-id` or
 * `-workdir`.
 *
 * @param call `timeoutMs` @default 10000
 * @throws DeadlineExceededError; CanceledError; by errno when /proc cannot be read
 */
export async function findShims(query: ShimQuery, call: RpcCallOptions = {}): Promise<ShimProcess[]> {
  const { signal, timeoutMs = FIND_TIMEOUT_MS } = call;
  const endBy = performance.now() + timeoutMs;
  const bundles = await realpath(query.bundles).catch(() => query.bundles);
  const addresses = new Set(query.addresses?.filter((address) => address !== ''));
  const ownNamespace = await pidNamespace('self');
  const shims: ShimProcess[] = [];
  // One after the other: /proc may make a reader wait, and libuv has four threads.
  for (const pid of await pids()) {
    if (signal?.aborted) throw cancellation('find shims', signal.reason);
    if (performance.now() > endBy) throw new DeadlineExceededError(`find shims: not done within ${timeoutMs} ms`);
    const shim = await shimOf(pid, bundles);
    if (shim === undefined) continue;
    const { found, address } = shim;
    // A container may give its processes any arguments; it must not have another one taken for a dead one.
    if ((await pidNamespace(pid)) !== ownNamespace) continue;
    const isHere = found.cwd !== undefined && isInside(bundles, found.cwd);
    const isOurs = isHere || (address !== undefined && addresses.has(address));
    if (isOurs || (await reportsTo(pid, addresses))) shims.push(found);
  }
  return shims;
}

/**
 * Ends a shim by SIGKILL, and waits until it is gone; its containers run on. Nothing happens when the process has ended,
 * whoever has the pid now. SIGTERM would do no better: a shim that lost its engine has nobody to say goodbye to.
 *
 * @param call `timeoutMs` @default 5000
 * @throws DeadlineExceededError when it does not end; CanceledError; PermissionDeniedError
 */
export async function endShim(shim: Pick<ShimProcess, 'pid' | 'startTime'>, call: RpcCallOptions = {}): Promise<void> {
  const { signal, timeoutMs = END_TIMEOUT_MS } = call;
  const what = `end shim ${shim.pid}`;
  if (signal?.aborted) throw cancellation(what, signal.reason);
  if (!isStill(shim)) return;
  try {
    process.kill(shim.pid, 'SIGKILL');
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ESRCH') return;
    throw toEngineError(err, what);
  }
  const endBy = performance.now() + timeoutMs;
  while (isStill(shim)) {
    if (performance.now() > endBy) throw new DeadlineExceededError(`${what}: it lives after ${timeoutMs} ms`);
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => {
      throw cancellation(what, signal?.reason);
    });
  }
}

/** Reads without a wait: nothing may come between the look and the signal. A zombie has ended. */
function isStill({ pid, startTime }: Pick<ProcessIdentity, 'pid' | 'startTime'>): boolean {
  return identify(pid)?.startTime === startTime;
}

async function pids(): Promise<number[]> {
  try {
    const names = await readdir('/proc');
    return names.filter((name) => /^\d+$/.test(name)).map(Number);
  } catch (err) {
    throw toEngineError(err, 'find shims');
  }
}

async function shimOf(
  pid: number,
  bundles: string,
): Promise<{ found: ShimProcess; address: string | undefined } | undefined> {
  const started = identify(pid);
  const flags = flagsOf((await commandLine(pid)) ?? []);
  const namespace = flags.get('namespace');
  const workdir = flags.get('workdir');
  const id = flags.get('id') ?? (workdir === undefined ? undefined : idOfWorkdir(workdir, bundles));
  if (started === undefined || namespace === undefined || id === undefined) return undefined;
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  // What was read is of one process only if the same one is still there.
  if (identify(pid)?.startTime !== started.startTime) return undefined;
  const folder = cwd?.endsWith(DELETED) ? cwd.slice(0, -DELETED.length) : cwd;
  return { found: { pid, startTime: started.startTime, namespace, id, cwd: folder }, address: flags.get('address') };
}

/** A shim of v1 is told no id: its folder is `<bundle>/work` with us, and named for the container with containerd. */
function idOfWorkdir(workdir: string, bundles: string): string {
  return basename(isInside(bundles, workdir) ? dirname(workdir) : workdir);
}

function pidNamespace(pid: number | 'self'): Promise<string | undefined> {
  return readlink(`/proc/${pid}/ns/pid`).catch(() => undefined);
}

/** As Go's `flag` reads them: `-name value`, `-name=value`, with one dash or two; flags without a value among them. */
function flagsOf(args: readonly string[]): Map<string, string> {
  const flags = new Map<string, string>();
  for (const [i, arg] of args.entries()) {
    const [, name, inline] = /^--?([a-z][a-z-]*)(?:=(.*))?$/s.exec(arg) ?? [];
    const value = inline ?? args[i + 1];
    if (i > 0 && name !== undefined && value !== undefined) flags.set(name, value);
  }
  return flags;
}

function isInside(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

async function reportsTo(pid: number, addresses: ReadonlySet<string>): Promise<boolean> {
  if (addresses.size === 0) return false;
  const environment = await readFile(join('/proc', String(pid), 'environ'), 'utf8').catch(() => '');
  const address = environment.split('\0').find((each) => each.startsWith('TTRPC_ADDRESS='));
  return address !== undefined && addresses.has(address.slice(address.indexOf('=') + 1));
}
