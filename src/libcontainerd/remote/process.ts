import type { Stdio } from '../../cio/stdio.js';
import {
  CanceledError,
  EngineError,
  FailedPreconditionError,
  isDeadlineExceeded,
  isFailedPrecondition,
  isNotFound,
  NotFoundError,
} from '../../errdefs/index.js';
import { TasksDefinition } from '../../protocol/gen/containerd/services/tasks.js';
import { withinCall } from '../deadline.js';
import type { Run } from '../run.js';
import { signalNumber } from '../signals.js';
import type { CallOptions, ExitStatus, KillOptions, Process, RunSnapshot, StatusInfo } from '../types.js';
import type { RemoteContext } from './context.js';
import { applyReply, exitOfReply } from './process-facts.js';
import { classifyStartError, classifyStateError } from './start-error.js';
import { TIMEOUTS } from './timeouts.js';

/** What an init process and an exec share. `execId` is empty for the init process, as in containerd's API. */
export abstract class RemoteProcess implements Process {
  readonly id: string;
  readonly containerId: string;
  protected readonly context: RemoteContext;
  protected readonly run: Run;
  protected readonly execId: string;
  /** Set when the process will never run: nobody may wait for its exit. */
  #failure: EngineError | undefined;
  /** What was known of a deleted exec; its id may be used again in the same run. */
  #last: RunSnapshot | undefined;
  readonly #rejectors = new Set<(err: EngineError) => void>();

  protected constructor(context: RemoteContext, run: Run, execId: string) {
    this.context = context;
    this.run = run;
    this.execId = execId;
    this.containerId = run.containerId;
    this.id = execId === '' ? run.containerId : execId;
  }

  get pid(): number {
    return this.state.pid;
  }

  get state(): RunSnapshot {
    return this.#last ?? this.run.snapshot(this.id);
  }

  async start(call: CallOptions = {}): Promise<void> {
    this.context.channel.assertUsable('Tasks/Start', call.signal);
    if (this.isGone) throw this.notFound();
    // A refusal from the shim would look like a start that failed, and a failed exec is deleted.
    const { status } = this.state;
    if (status !== 'created' && status !== 'unknown') throw this.refuse('start', `it is ${status}`);
    let pid: number;
    try {
      const request = { containerId: this.containerId, execId: this.execId };
      pid = (await this.context.channel.unary(TasksDefinition, 'start', request, call)).pid;
    } catch (err) {
      const error = classifyStartError(`start ${this.describe()}`, asError(err));
      await this.startFailed(error);
      throw error;
    }
    this.stdio?.peerOpened();
    const origin = { timestamp: new Date(), synthesized: false };
    this.run.apply({ kind: 'pid', processId: this.id, pid }, origin);
    this.run.apply({ kind: 'started', processId: this.id, pid: 0 }, origin);
  }

  async kill(signal: number | NodeJS.Signals, call: KillOptions = {}): Promise<void> {
    const request = {
      containerId: this.containerId,
      execId: this.execId,
      signal: signalNumber(signal),
      all: call.all ?? false,
    };
    await this.ask(() => this.context.channel.unary(TasksDefinition, 'kill', request, call));
  }

  async resize(width: number, height: number, call: CallOptions = {}): Promise<void> {
    const request = { containerId: this.containerId, execId: this.execId, width, height };
    await this.ask(() => this.context.channel.unary(TasksDefinition, 'resizePty', request, call));
  }

  async closeStdin(call: CallOptions = {}): Promise<void> {
    if (this.isGone) return;
    const stdio = this.stdio;
    if (stdio === undefined) return this.sendCloseStdin(call);
    const stdin = stdio.streams.stdin;
    if (stdin === undefined || stdin.destroyed || stdin.writableFinished) return;
    const finished = new Promise<void>((resolve) => stdin.once('close', resolve));
    stdin.end();
    // The shim opens an exec's stdin at its start; EOF follows by itself then.
    if (stdio.state === 'opening') return;
    await withinCall(`close stdin of ${this.describe()}`, finished, { timeoutMs: TIMEOUTS.stdio, ...call });
  }

  wait(call: CallOptions = {}): Promise<ExitStatus> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const known = this.state.exit;
    if (known !== undefined) return Promise.resolve(known);
    const what = `wait for ${this.describe()}`;
    const stops: (() => void)[] = [];
    const exited = new Promise<ExitStatus>((resolve, reject) => {
      this.#rejectors.add(reject);
      stops.push(
        () => this.#rejectors.delete(reject),
        this.run.onExit(this.id, resolve),
        this.context.lifetime.onEnd((cause) =>
          reject(new CanceledError(`${what}: the client is closed`, { code: 'ERR_CLIENT_CLOSED', cause })),
        ),
      );
    });
    return withinCall(what, exited, call).finally(() => {
      for (const stop of stops) stop();
    });
  }

  async status(call: CallOptions = {}): Promise<StatusInfo> {
    const request = { containerId: this.containerId, execId: this.execId };
    const askedAt = Date.now();
    const { process } = await this.ask(() => this.context.channel.unary(TasksDefinition, 'get', request, call));
    if (process === undefined || applyReply(this.run, this.id, process, askedAt) === 'of-another-run') {
      this.context.verify(this.run);
      throw this.notFound();
    }
    const { status, pid, exit } = this.state;
    return exit === undefined ? { status, pid } : { status, pid, exit };
  }

  async delete(call: CallOptions = {}): Promise<ExitStatus> {
    return this.deleteNow(call);
  }

  protected async deleteNow(call: CallOptions): Promise<ExitStatus> {
    this.context.channel.assertUsable(`delete ${this.describe()}`, call.signal);
    if (this.isGone) throw this.notFound();
    const endBy = Date.now() + (call.timeoutMs ?? Number.POSITIVE_INFINITY);
    // What still runs is refused below; only output of an ended process is worth waiting for.
    if (this.state.exit !== undefined && this.stdio !== undefined) {
      const drained = this.stdio.waitDrained({ idleMs: TIMEOUTS.drainIdle, maxMs: TIMEOUTS.drainMax });
      await withinCall(`drain output of ${this.describe()}`, drained, call);
    }
    const left = call.timeoutMs === undefined ? call : { ...call, timeoutMs: Math.max(1, endBy - Date.now()) };
    try {
      const reply = await this.ask(() => this.sendDelete(left));
      const exit = exitOfReply(reply);
      this.run.apply(
        { kind: 'exit', processId: this.id, pid: 0, exit, source: 'reply' },
        { timestamp: new Date(), synthesized: true },
      );
      const best = this.state.exit ?? exit;
      await this.removed();
      return best;
    } catch (err) {
      if (isNotFound(err)) await this.removed();
      throw err;
    }
  }

  /** It was deleted. Its id may belong to another run or exec by now, which this handle must not touch. */
  protected get isGone(): boolean {
    return this.#last !== undefined || this.run.phase === 'ended';
  }

  /** Whatever reader or writer this client has open for the process. */
  protected get stdio(): Stdio | undefined {
    return this.context.stdio.get(this.run, this.id);
  }

  /** Makes pending and later waits fail. */
  protected fail(error: EngineError): void {
    this.#failure = error;
    for (const reject of this.#rejectors) reject(error);
    this.#rejectors.clear();
  }

  /** Keeps what is known now, for after the run has forgotten the process. */
  protected keepState(): void {
    this.#last ??= this.run.snapshot(this.id);
  }

  /** Ties opened stdio to the process: CloseIO after the last byte of stdin, and no stdin after the exit. */
  protected bindStdio(stdio: Stdio): void {
    this.context.stdio.add(this.run, this.id, stdio);
    stdio.setCloseStdin(() => this.sendCloseStdin());
    this.run.onExit(this.id, () => stdio.processExited());
  }

  /**
   * Calls containerd about this process. Not found means that the run may be over with its exit unheard: it is looked
   * into at once, while the caller gets the error.
   */
  protected async ask<T>(call: () => Promise<T>): Promise<T> {
    if (this.isGone) {
      this.context.channel.assertUsable(this.describe(), undefined);
      throw this.notFound();
    }
    try {
      return await call();
    } catch (err) {
      if (!isNotFound(err)) throw classifyStateError(asError(err));
      if (this.run.exitOf(this.id) === undefined) this.context.verify(this.run);
      throw this.notFound(asError(err));
    }
  }

  protected refuse(what: string, why: string): FailedPreconditionError {
    return new FailedPreconditionError(`${what} ${this.describe()}: ${why}`, {
      fields: { containerId: this.containerId },
    });
  }

  protected describe(): string {
    return this.execId === '' ? `task ${this.containerId}` : `exec ${this.execId} of ${this.containerId}`;
  }

  protected abstract startFailed(error: EngineError): Promise<void>;
  protected abstract sendDelete(call: CallOptions): Promise<{ exitStatus: number; exitedAt: Date | undefined }>;
  /** The backend has the process no more: forget it and free its stdio. */
  protected abstract removed(): Promise<void>;

  protected notFound(cause?: EngineError): NotFoundError {
    const finished = cause !== undefined && /already finished|process.* exited/i.test(cause.message);
    const code = finished
      ? 'ERR_PROCESS_FINISHED'
      : this.execId === ''
        ? 'ERR_TASK_NOT_FOUND'
        : 'ERR_PROCESS_NOT_FOUND';
    const why = cause === undefined ? 'containerd does not know it' : cause.message;
    return new NotFoundError(`${this.describe()}: ${why}`, {
      code,
      cause,
      fields: { containerId: this.containerId, ...(this.execId === '' ? {} : { execId: this.execId }) },
    });
  }

  private async sendCloseStdin(call: CallOptions = {}): Promise<void> {
    const request = { containerId: this.containerId, execId: this.execId, stdin: true };
    try {
      await this.context.channel.unary(TasksDefinition, 'closeIO', request, call);
    } catch (err) {
      // The process ended first: it needs no EOF any more.
      if (isNotFound(err) || isFailedPrecondition(err)) return;
      if (isDeadlineExceeded(err)) this.context.log.warn({ err, containerId: this.containerId }, 'close stdin');
      throw err;
    }
  }
}

/** Everything the channel throws is an EngineError; this says so to the compiler, and catches bugs. */
export function asError(err: unknown): EngineError {
  if (err instanceof EngineError) return err;
  throw err;
}
