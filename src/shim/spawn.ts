import { type ChildProcess, spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import process from 'node:process';
import type { Readable } from 'node:stream';
import {
  cancellation,
  DeadlineExceededError,
  type EngineError,
  NotFoundError,
  ResourceExhaustedError,
  toEngineError,
} from '../errdefs/index.js';
import { listenForAbort } from '../platform/abort.js';
import type { RpcCallOptions } from '../protocol/method.js';

export interface ActionOptions extends RpcCallOptions {
  /** @default the process' own */
  readonly cwd?: string | undefined;
  /** The whole environment. @default the process' own */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** What the program reads; nothing (`/dev/null`) when absent. */
  readonly stdin?: Uint8Array | undefined;
}

/** How a short program ended. */
export interface ActionResult {
  /** `undefined` when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** At most 1 MiB each; what came after that is dropped and `truncated` is set. */
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly truncated: boolean;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const TIMER_MAX_MS = 2 ** 31 - 1;
const OUTPUT_MAX_BYTES = 1024 * 1024;
/** How long after the exit its pipes may still be open: a daemon that it left behind may hold them for ever. */
const CLOSE_GRACE_MS = 200;
/** A process in an uninterruptible sleep does not end by SIGKILL; nobody waits for it for ever. */
const KILL_GRACE_MS = 1_000;

/**
 * Runs a short program, such as an action of a shim, to its end. Any exit status is a result and no error. It has a
 * session and process group of its own, so no signal to ours reaches it; what it leaves running in a group of its own
 * (the shim behind `start`) lives on.
 *
 * @param options `timeoutMs` @default 30000. When it is up, or `signal` fires, the group is killed
 * @throws NotFoundError `ERR_RUNTIME_NOT_FOUND` when the binary is not there, or `ERR_NOT_FOUND` the `cwd`;
 * PermissionDeniedError when it may not be executed; DeadlineExceededError; CanceledError; otherwise by errno
 */
export async function runAction(
  binary: string,
  args: readonly string[],
  options: ActionOptions = {},
): Promise<ActionResult> {
  const { cwd, env, stdin, signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const what = `run ${binary}`;
  if (signal?.aborted) throw cancellation(what, signal.reason);
  let child: ChildProcess;
  try {
    child = spawn(binary, args, {
      cwd,
      env,
      detached: true,
      stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
  } catch (err) {
    throw toEngineError(err, what);
  }
  // It may end without reading; then the rest of the input is of no use to anybody.
  child.stdin?.on('error', () => {});
  child.stdin?.end(stdin);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  try {
    const [code, by] = await exitOf(child, what, { signal, timeoutMs });
    return {
      exitCode: code ?? undefined,
      signal: by ?? undefined,
      stdout: Buffer.concat(stdout.chunks),
      stderr: Buffer.concat(stderr.chunks),
      truncated: stdout.truncated || stderr.truncated,
    };
  } catch (err) {
    throw await startError(err, binary, cwd, what);
  } finally {
    for (const stream of child.stdio) stream?.destroy();
  }
}

type Exit = [code: number | null, signal: NodeJS.Signals | null];

function exitOf(child: ChildProcess, what: string, call: RpcCallOptions & { timeoutMs: number }): Promise<Exit> {
  const { signal, timeoutMs } = call;
  return new Promise((resolve, reject) => {
    const timers: NodeJS.Timeout[] = [];
    const after = (ms: number, then: () => void) => timers.push(setTimeout(then, Math.min(ms, TIMER_MAX_MS)));
    let failure: EngineError | undefined;
    const settle = (finish: () => void) => {
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      finish();
    };
    const giveUp = (reason: EngineError) => {
      if (failure !== undefined || child.exitCode !== null || child.signalCode !== null) return;
      failure = reason;
      killGroup(child);
      after(KILL_GRACE_MS, () => settle(() => reject(reason)));
    };
    const onAbort = () => giveUp(cancellation(what, signal?.reason));
    const finish = (exit: Exit) => settle(() => (failure === undefined ? resolve(exit) : reject(failure)));
    child.once('error', (err) => settle(() => reject(err)));
    child.once('close', (...exit: Exit) => finish(exit));
    child.once('exit', (...exit: Exit) => {
      // Timers run before the poll for input: a turn more, and all that it wrote has been read.
      after(CLOSE_GRACE_MS, () => setImmediate(() => setImmediate(() => finish(exit))));
    });
    listenForAbort(signal, onAbort);
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      after(timeoutMs, () => giveUp(new DeadlineExceededError(`${what}: not done within ${timeoutMs} ms`)));
    }
  });
}

/** Only while the child is not reaped: after that its number may be another group's. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: it ended by itself, and its exit is on the way.
  }
}

function collect(stream: Readable | null): { chunks: Buffer[]; truncated: boolean } {
  const output: { chunks: Buffer[]; truncated: boolean } = { chunks: [], truncated: false };
  let size = 0;
  stream?.on('error', () => {});
  stream?.on('data', (chunk: Buffer) => {
    const kept = chunk.subarray(0, OUTPUT_MAX_BYTES - size);
    if (kept.length > 0) output.chunks.push(kept);
    size += kept.length;
    output.truncated ||= kept.length < chunk.length;
  });
  return output;
}

/** spawn says ENOENT for the binary, its interpreter and the folder alike. */
async function startError(err: unknown, binary: string, cwd: string | undefined, what: string): Promise<unknown> {
  const errno = err instanceof Error && 'code' in err ? err.code : undefined;
  if (errno === 'EAGAIN') return new ResourceExhaustedError(`${what}: no more processes`, { cause: err });
  if (errno !== 'ENOENT' && errno !== 'ENOTDIR') return toEngineError(err, isSystemError(err) ? what : undefined);
  if (cwd !== undefined && !(await exists(cwd))) {
    return new NotFoundError(`${what}: its working folder is gone`, { cause: err, fields: { path: cwd } });
  }
  return new NotFoundError(what, { code: 'ERR_RUNTIME_NOT_FOUND', cause: err, fields: { path: binary } });
}

function isSystemError(err: unknown): boolean {
  return err instanceof Error && 'syscall' in err;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
