import { constants } from 'node:os';
import {
  ConflictError,
  isNotFound,
  type NotFoundError,
  NotImplementedError,
  toEngineError,
} from '../../errdefs/index.js';
import type { LinuxResources, OciProcess } from '../../oci/runtime-spec.js';
import type { Metrics } from '../../stats/metrics.js';
import { assertOciProcess } from '../check-spec.js';
import { assertIdentifier } from '../identifiers.js';
import type {
  AttachStdio,
  CallOptions,
  CheckpointOptions,
  ExecOptions,
  ExitStatus,
  ExternalStdio,
  Process,
  ProcessSummary,
  Task,
} from '../types.js';
import { writeCheckpoint } from './checkpoint.js';
import type { ClientRun } from './client-run.js';
import { ClientStdio } from './client-stdio.js';
import type { FakeContext } from './context.js';
import { FakeExec } from './exec.js';
import { taskNotFound } from './host-task.js';
import { sampleOf } from './metrics.js';
import { FakeProcess } from './process.js';
import { makePipes, type ProcessPipes } from './process-pipes.js';

const { SIGKILL } = constants.signals;

/** How long the end of a killed task may take, for callers who say nothing. */
const KILL_WAIT_MS = 10_000;

export class FakeTask extends FakeProcess implements Task {
  constructor(context: FakeContext, link: ClientRun) {
    super(context, link, link.task.init);
  }

  get generation(): number {
    return this.link.run.generation;
  }

  async pause(call: CallOptions = {}): Promise<void> {
    this.context.assertCapable(`pause ${this.describe()}`, 'pause');
    await this.ask('Tasks/Pause', 'pause', call, () => {
      this.link.task.pause();
      this.#applyPause('paused');
    });
  }

  async resume(call: CallOptions = {}): Promise<void> {
    this.context.assertCapable(`resume ${this.describe()}`, 'pause');
    await this.ask('Tasks/Resume', 'resume', call, () => {
      this.link.task.resume();
      this.#applyPause('resumed');
    });
  }

  async exec(execId: string, process: OciProcess, options: ExecOptions = {}, call: CallOptions = {}): Promise<Process> {
    assertIdentifier('exec', execId);
    assertOciProcess(process);
    const what = `exec ${execId} of ${this.containerId}`;
    this.context.assertOpen(what);
    if (this.link.stdio(execId) !== undefined) throw execExists(this.containerId, execId);
    const pipes = await makePipes(options.stdio, process.terminal ?? false);
    const stdio = await attachStdio(what, pipes, options.stdio?.attach);
    try {
      return await this.ask('Tasks/Exec', `exec ${execId} of`, call, () => {
        const added = this.link.task.addExec(execId, process, pipes);
        const origin = { timestamp: this.context.state.now(), synthesized: false };
        this.link.run.apply({ kind: 'exec-added', processId: execId }, origin);
        if (stdio !== undefined) this.link.addStdio(execId, stdio);
        return new FakeExec(this.context, this.link, added);
      });
    } catch (err) {
      stdio?.close();
      throw err;
    }
  }

  async pids(call: CallOptions = {}): Promise<number[]> {
    return (await this.summary(call)).map(({ pid }) => pid);
  }

  summary(call: CallOptions = {}): Promise<ProcessSummary[]> {
    return this.ask('Tasks/ListPids', 'list processes of', call, () => this.link.task.processes());
  }

  stats(call: CallOptions = {}): Promise<Metrics> {
    return this.ask('Tasks/Metrics', 'sample', call, () => {
      const sample = sampleOf(this.link.task, this.context.state.capabilities.metrics, this.context.state.now());
      if (sample !== undefined) return sample;
      throw new NotImplementedError(`sample ${this.describe()}: the backend reports no statistics`, {
        code: 'ERR_CAPABILITY',
      });
    });
  }

  async updateResources(resources: LinuxResources, call: CallOptions = {}): Promise<void> {
    this.context.assertCapable(`update ${this.describe()}`, 'updateResources');
    await this.ask('Tasks/Update', 'update', call, () => this.link.task.update(structuredClone(resources)));
  }

  async checkpoint(dir: string, options: CheckpointOptions = {}): Promise<void> {
    const what = `checkpoint ${this.describe()}`;
    this.context.assertCapable(what, 'checkpoint');
    await this.ask('Tasks/Checkpoint', 'checkpoint', options, () => this.link.task.assertRunning(what));
    await this.context.untilEnd(what, writeCheckpoint(dir, this.process.args), options);
    this.link.task.checkpointed(options.exit ?? false);
  }

  async forceDelete(call: CallOptions = {}): Promise<ExitStatus> {
    if (this.state.exit === undefined) await this.#killAndWait(call);
    return this.delete(call);
  }

  protected describe(): string {
    return `task ${this.containerId}`;
  }

  protected isGone(): boolean {
    return this.link.task.removed;
  }

  protected notFound(): NotFoundError {
    return taskNotFound(this.containerId);
  }

  /** The task stays created: the caller decides, with `forceDelete`. */
  protected startFailed(): void {}

  protected deleteOnHost(): ExitStatus {
    const exit = this.link.task.assertDeletable();
    this.context.state.removeTask(this.context.namespace, this.link.task);
    return exit;
  }

  protected removed(): void {
    this.context.table.remove(this.link.run);
    this.link.closeAllStdio();
  }

  async #killAndWait(call: CallOptions): Promise<void> {
    try {
      await this.ask('Tasks/Kill', 'kill', call, () => {
        this.link.task.kill(this.process, SIGKILL, true);
        this.link.task.thaw();
      });
    } catch (err) {
      // It has ended, and its event was not heard: the delete that follows tells how.
      if (!isNotFound(err)) throw err;
    }
    if (this.isGone()) return;
    // Asked of the host, since the event may be lost.
    const bounded = { timeoutMs: KILL_WAIT_MS, ...call };
    this.applyExit(await this.ask('Tasks/Wait', 'wait for', bounded, () => this.process.exited));
  }

  #applyPause(kind: 'paused' | 'resumed'): void {
    const { now, sequence } = this.context.state.moment();
    const fact = { kind, at: sequence, source: 'reply' } as const;
    this.link.run.apply(fact, { timestamp: now, synthesized: false });
  }
}

/** Opens the client's ends and hands them out, before anything can be written. */
export async function attachStdio(
  what: string,
  pipes: ProcessPipes,
  attach: AttachStdio | ExternalStdio | undefined,
): Promise<ClientStdio | undefined> {
  if (attach === undefined) return undefined;
  const stdio = new ClientStdio(pipes);
  try {
    if ('external' in attach) {
      const { stdout = '', stderr = '' } = pipes.fifos ?? {};
      await attach.external({ stdout, stderr, terminal: pipes.terminal, stdin: stdio.streams.stdin });
    } else await attach(stdio.streams);
  } catch (err) {
    stdio.close();
    throw toEngineError(err, `${what}: attach stdio`);
  }
  return stdio;
}

function execExists(containerId: string, execId: string): ConflictError {
  return new ConflictError(`exec ${execId} of ${containerId}: the id is already in use`, {
    code: 'ERR_EXEC_EXISTS',
    fields: { containerId, execId },
  });
}
