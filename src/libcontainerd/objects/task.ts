import { nullStdio, type Stdio } from '../../cio/stdio.js';
import {
  ConflictError,
  type EngineError,
  isAlreadyExists,
  isFailedPrecondition,
  isNotFound,
  NotFoundError,
} from '../../errdefs/index.js';
import type { LinuxResources, OciProcess } from '../../oci/runtime-spec.js';
import { packJson } from '../../protocol/any.js';
import type { Metrics } from '../../stats/metrics.js';
import { assertOciProcess } from '../check-spec.js';
import { withinCall } from '../deadline.js';
import { assertIdentifier } from '../identifiers.js';
import type { Run } from '../run.js';
import type {
  CallOptions,
  CheckpointOptions,
  ExecOptions,
  ExitStatus,
  Process,
  ProcessSummary,
  Task,
} from '../types.js';
import { checkpointTask } from './checkpoint.js';
import type { ObjectContext } from './context.js';
import { ExecObject, execKey } from './exec.js';
import { asError, ProcessObject } from './process.js';
import { exitOfReply } from './process-facts.js';
import { summaryOf } from './process-summary.js';
import { sampleOne } from './stats.js';
import { openStdio } from './task-stdio.js';
import { TIMEOUTS } from './timeouts.js';

/** What a task needs to know of its container, kept so that no call reads it again. */
export interface TaskOrigin {
  readonly runtime: string;
  /** Holds the FIFOs of the task and its execs. */
  readonly bundleDir: string;
}

export class TaskObject extends ProcessObject implements Task {
  readonly #origin: TaskOrigin;

  constructor(context: ObjectContext, run: Run, origin: TaskOrigin, stdio: Stdio | undefined) {
    super(context, run, '');
    this.#origin = origin;
    if (stdio !== undefined) this.bindStdio(stdio);
  }

  get generation(): number {
    return this.run.generation;
  }

  async pause(call: CallOptions = {}): Promise<void> {
    const at = Date.now();
    await this.ask(() => this.context.tasks.pause({ containerId: this.id }, call));
    this.run.apply({ kind: 'paused', at, source: 'reply' }, { timestamp: new Date(), synthesized: false });
  }

  async resume(call: CallOptions = {}): Promise<void> {
    const at = Date.now();
    await this.ask(() => this.context.tasks.resume({ containerId: this.id }, call));
    this.run.apply({ kind: 'resumed', at, source: 'reply' }, { timestamp: new Date(), synthesized: false });
  }

  async exec(execId: string, process: OciProcess, options: ExecOptions = {}, call: CallOptions = {}): Promise<Process> {
    assertIdentifier('exec', execId);
    assertOciProcess(process);
    this.context.assertUsable('Tasks/Exec', call.signal);
    if (this.isGone) throw this.notFound();
    if (execId === this.id) throw this.#execExists(execId);
    await this.context.cleanups.settled(execKey(this.run, execId), call);
    const release = this.context.stdio.reserve(this.run, execId);
    if (release === undefined) throw this.#execExists(execId);
    try {
      return await this.#exec(execId, process, options, call);
    } finally {
      release();
    }
  }

  async pids(call: CallOptions = {}): Promise<number[]> {
    return (await this.summary(call)).map(({ pid }) => pid);
  }

  async summary(call: CallOptions = {}): Promise<ProcessSummary[]> {
    const request = { containerId: this.id };
    const reply = await this.ask(() => this.context.tasks.listPids(request, call));
    return reply.processes.map(summaryOf);
  }

  stats(call: CallOptions = {}): Promise<Metrics> {
    return this.ask(() => sampleOne(this.context, this.id, call));
  }

  async updateResources(resources: LinuxResources, call: CallOptions = {}): Promise<void> {
    const request = { containerId: this.id, resources: packJson('LinuxResources', resources), annotations: {} };
    await this.ask(() => this.context.tasks.update(request, call));
  }

  async checkpoint(dir: string, options: CheckpointOptions = {}): Promise<void> {
    await this.ask(() =>
      checkpointTask(this.context, this.id, this.context.shimTypeOf(this.#origin.runtime), dir, options),
    );
  }

  async forceDelete(call: CallOptions = {}): Promise<ExitStatus> {
    this.context.assertUsable('Tasks/Kill', call.signal);
    if (this.state.exit === undefined) await this.#killAndWait(call);
    return this.deleteNow(call);
  }

  /** A shim would end a task that was never started in silence; upstream's client refuses as well (moby/moby#44399). */
  override async delete(call: CallOptions = {}): Promise<ExitStatus> {
    this.context.assertUsable('Tasks/Delete', call.signal);
    if (this.state.status === 'created') throw this.refuse('delete', 'it was never started; use forceDelete');
    return this.deleteNow(call);
  }

  protected sendDelete(call: CallOptions) {
    return this.context.tasks.delete({ containerId: this.id }, call);
  }

  /** The task stays created: the caller decides, with `forceDelete`. */
  protected async startFailed(_error: EngineError): Promise<void> {}

  /** Started or not: the reply that is still to come, or an event, tells. */
  protected startGivenUp(_error: EngineError, starting: Promise<number>): void {
    starting.catch((err: unknown) => {
      this.context.log.debug({ err, containerId: this.id }, 'a start that was given up failed');
    });
  }

  protected async removed(): Promise<void> {
    this.context.table.remove(this.run);
    await this.context.stdio.closeRun(this.run);
  }

  async #exec(execId: string, process: OciProcess, options: ExecOptions, call: CallOptions): Promise<Process> {
    const stdio = await openStdio({
      dir: this.#origin.bundleDir,
      processId: execId,
      terminal: process.terminal ?? false,
      options: options.stdio,
      call,
      lifetime: this.context.lifetime,
      hold: this.context.holdOutput,
    });
    let isDone = false;
    const adding = this.#addExec(execId, process, stdio?.config ?? nullStdio.config).finally(() => {
      isDone = true;
    });
    const dispose = async () => {
      stdio?.peerFailed();
      await stdio?.close({ removeFiles: true });
    };
    try {
      await withinCall(`add exec ${execId} to ${this.id}`, adding, call);
    } catch (err) {
      if (isDone) await dispose();
      else this.context.cleanups.track(execKey(this.run, execId), this.#takeBack(execId, adding).finally(dispose));
      if (isAlreadyExists(err)) throw this.#execExists(execId, asError(err));
      throw err;
    }
    this.run.apply({ kind: 'exec-added', processId: execId }, { timestamp: new Date(), synthesized: false });
    return new ExecObject(this.context, this.run, execId, stdio);
  }

  async #addExec(execId: string, process: OciProcess, paths: Stdio['config']): Promise<void> {
    const request = {
      containerId: this.id,
      execId,
      stdin: paths.stdin,
      stdout: paths.stdout,
      stderr: paths.stderr,
      terminal: process.terminal ?? false,
      spec: packJson('Process', process),
    };
    await this.ask(() => this.context.tasks.exec(request));
  }

  /** For a caller that gave up: waits for the answer, then deletes what was added. Never throws. */
  async #takeBack(execId: string, adding: Promise<void>): Promise<void> {
    try {
      await adding;
      const request = { containerId: this.id, execId };
      await this.context.tasks.deleteProcess(request, { timeoutMs: TIMEOUTS.execCleanup });
    } catch (err) {
      this.context.log.debug({ err, containerId: this.id, execId }, 'take an exec back');
    }
  }

  /**
   * Ends whatever runs. Asks containerd for the exit as well, registered before the kill: the event may be lost. Errors
   * on the way are not the caller's: the delete that follows tells what matters. A task without a pid has nothing to
   * kill and would be waited for in vain (containerd/containerd#7357, #10441).
   */
  async #killAndWait({ signal, timeoutMs = Number.POSITIVE_INFINITY }: CallOptions): Promise<void> {
    const killMs = Math.min(TIMEOUTS.cleanup, timeoutMs);
    const waitMs = Math.min(TIMEOUTS.killWait, timeoutMs);
    if (this.pid === 0 || this.isGone) return;
    const giveUp = new AbortController();
    const bounded = signal === undefined ? giveUp.signal : AbortSignal.any([giveUp.signal, signal]);
    const asked = this.context.tasks
      .wait({ containerId: this.id, execId: '' }, { timeoutMs: waitMs, signal: bounded })
      .then((reply) => {
        const exit = exitOfReply(reply);
        const origin = { timestamp: new Date(), synthesized: true };
        this.run.apply({ kind: 'exit', processId: this.id, pid: 0, exit, source: 'reply' }, origin);
      })
      .catch((err: unknown) => {
        if (!isNotFound(err)) this.context.log.debug({ err, containerId: this.id }, 'wait for a killed task');
      });
    try {
      await this.kill('SIGKILL', { all: true, timeoutMs: killMs, signal }).catch((err: unknown) => {
        // A finished one has nothing to kill; a paused one's shim may refuse until it is resumed.
        if (!isNotFound(err) && !isFailedPrecondition(err)) throw err;
      });
      await Promise.race([this.wait({ timeoutMs: waitMs, signal }), asked]);
    } finally {
      giveUp.abort();
    }
  }

  #execExists(execId: string, cause?: EngineError): ConflictError {
    return new ConflictError(`exec ${execId} of ${this.id}: the id is already in use`, {
      code: 'ERR_EXEC_EXISTS',
      cause,
      fields: { containerId: this.id, execId },
    });
  }
}

export function taskNotFound(containerId: string, cause?: EngineError): NotFoundError {
  return new NotFoundError(`find task of ${containerId}: it has none`, {
    code: 'ERR_TASK_NOT_FOUND',
    cause,
    fields: { containerId },
  });
}
