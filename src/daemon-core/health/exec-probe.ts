import { randomBytes } from 'node:crypto';
import { DeadlineExceededError, isDeadlineExceeded, isNotFound } from '../../errdefs/index.js';
import { remaining, withinCall } from '../../libcontainerd/deadline.js';
import type { ExitStatus, Process, StdioStreams, Task } from '../../libcontainerd/types.js';
import type { OciProcess } from '../../oci/runtime-spec.js';
import { killOfSession } from '../../platform/session.js';
import { formatGoDuration } from '../go-duration.js';
import { LimitedOutput } from './limited-text.js';
import type { ProbeRequest, ProbeResult } from './probe.js';

/** Time in which the probe runs is not counted against its start (moby daemon/health.go). */
const START_MS = 30_000;
/** Each step of ending a probe; a container that is stopped waits for it. */
const CLEANUP_MS = 10_000;
/** The drain of output that a background process holds open takes 2 s of it. */
const DELETE_MS = 15_000;
const CLEANUP_TRIES = 3;
/** What a fork bomb makes of a probe is not chased for ever. */
const SWEEPS = 3;
const SIGKILLED = 137;

/** What has happened to the probe's process, for the engine's events. `die` follows `start` always, and only it. */
export type ProbeEvent =
  | { readonly type: 'create' }
  | { readonly type: 'start' }
  | { readonly type: 'die'; readonly exitCode: number };

export interface ExecProbeOptions extends ProbeRequest {
  /** Makes the process of the container's configuration (user, environment, folder) that runs the arguments. */
  readonly processOf: (args: readonly string[]) => Promise<OciProcess>;
  /** @default 64 random hexadecimal digits */
  readonly execId?: string | undefined;
  /** Must not throw. */
  readonly on?: ((event: ProbeEvent) => void) | undefined;
  /** For the start alone. @default 30 000 */
  readonly startTimeoutMs?: number | undefined;
}

/**
 * Runs a health check as an exec of the task. However it ends, no exec, FIFO or process of it is left: one that exceeds its
 * time is killed with what it has started (moby leaves the latter), and gives the exit code -1.
 * @throws DeadlineExceededError when it did not start in time; CanceledError by the signal, after the process is gone; what
 * the backend throws when it cannot be started, or cannot be ended
 */
export async function execProbe(task: Task, options: ExecProbeOptions): Promise<ProbeResult> {
  const { signal, timeoutMs, on } = options;
  const output = new LimitedOutput(options.maxOutputBytes);
  const exec = await startProbe(task, options, output);
  on?.({ type: 'start' });
  let exit: ExitStatus;
  try {
    exit = await exec.wait({ signal, timeoutMs });
  } catch (err) {
    await endByForce(task, exec);
    on?.({ type: 'die', exitCode: SIGKILLED });
    if (signal.aborted || !isDeadlineExceeded(err)) throw err;
    const text = output.text();
    const message = `Health check exceeded timeout (${formatGoDuration(timeoutMs)})`;
    return { exitCode: -1, output: text === '' ? message : `${message}: ${text}` };
  }
  try {
    await remove(exec);
  } catch {
    // It gets more tries, and the last reason when these fail too.
    await endByForce(task, exec);
  }
  on?.({ type: 'die', exitCode: exit.code });
  return { exitCode: exit.code, output: output.text() };
}

/** When it fails, the backend leaves nothing of it: a promise of the seam. */
async function startProbe(task: Task, options: ExecProbeOptions, output: LimitedOutput): Promise<Process> {
  const { args, signal, processOf, startTimeoutMs = START_MS } = options;
  const execId = options.execId ?? randomBytes(32).toString('hex');
  const rest = remaining({ signal, timeoutMs: startTimeoutMs });
  try {
    const process = await withinCall('make the process of a health check', processOf(args), rest());
    options.on?.({ type: 'create' });
    const attach = (streams: StdioStreams) => {
      output.read(streams.stdout);
      output.read(streams.stderr);
    };
    const exec = await task.exec(execId, process, { stdio: { attach } }, rest());
    await exec.start(rest());
    return exec;
  } catch (err) {
    if (signal.aborted || !isDeadlineExceeded(err)) throw err;
    throw new DeadlineExceededError(`timed out starting health check for container ${task.containerId}`, {
      cause: err,
      fields: { containerId: task.containerId, execId },
    });
  }
}

async function endByForce(task: Task, exec: Process): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await unlessGone(exec.kill('SIGKILL', { timeoutMs: CLEANUP_MS }));
      await unlessGone(exec.wait({ timeoutMs: CLEANUP_MS }));
      await killDescendants(task, exec);
      await remove(exec);
      return;
    } catch (err) {
      if (attempt === CLEANUP_TRIES) throw err;
    }
  }
}

/**
 * What the probe has started and left behind when it was killed: runc makes each exec the leader of a session. With a
 * runtime that keeps its processes in a virtual machine, pids are of other things, and no session fits.
 */
async function killDescendants(task: Task, exec: Process): Promise<void> {
  if (exec.pid === 0 || exec.pid === task.pid) return;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const pids = await pidsOf(task);
    if (
      killOfSession(
        exec.pid,
        pids.filter((pid) => pid !== task.pid),
      ) === 0
    )
      return;
  }
}

/** None when the task ends at this moment: then nothing of it is left anyway. */
async function pidsOf(task: Task): Promise<number[]> {
  return (await unlessGone(task.pids({ timeoutMs: CLEANUP_MS }))) ?? [];
}

async function remove(exec: Process): Promise<void> {
  await unlessGone(exec.delete({ timeoutMs: DELETE_MS }));
}

async function unlessGone<T>(step: Promise<T>): Promise<T | undefined> {
  try {
    return await step;
  } catch (err) {
    if (isNotFound(err)) return undefined;
    throw err;
  }
}
