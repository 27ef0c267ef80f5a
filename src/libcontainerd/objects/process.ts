import { setTimeout as delay } from 'node:timers/promises';
import type { Stdio } from '../../cio/stdio.js';
import {
  CanceledError,
  EngineError,
  FailedPreconditionError,
  InvalidArgumentError,
  isDeadlineExceeded,
  isFailedPrecondition,
  isNotFound,
  isUnavailable,
  NotFoundError,
} from '../../errdefs/index.js';
import { remaining, withDefault, withinCall } from '../deadline.js';
import type { Run } from '../run.js';
import { signalNumber } from '../signals.js';
import type { CallOptions, ExitStatus, KillOptions, Process, RunSnapshot, StatusInfo } from '../types.js';
import type { ObjectContext } from './context.js';
import { applyReply, exitOfReply } from './process-facts.js';
import { classifyStartError, classifyStateError } from './start-error.js';
import { TIMEOUTS } from './timeouts.js';

const CLOSE_STDIN_RETRY_MS = 200;
/** The kernel keeps the size of a terminal in 16 bits. */
const CELLS_MAX = 65_535;

/** What an init process and an exec share. `execId` is empty for the init process, as in containerd's API. */
export abstract class ProcessObject implements Process {
  readonly id: string;
  readonly containerId: string;
  protected readonly context: ObjectContext;
  protected readonly run: Run;
  protected readonly execId: string;
  /** Set when the process will never run: nobody may wait for its exit. */
  #failure: EngineError | undefined;
  /** What was known of a deleted exec; its id may be used again in the same run. */
  #last: RunSnapshot | undefined;
  readonly #rejectors = new Set<(err: EngineError) => void>();
  #isStarting = false;

  protected constructor(context: ObjectContext, run: Run, execId: string) {
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
    this.context.assertUsable('Tasks/Start', call.signal);
    if (this.isGone) throw this.notFound();
    // A refusal from the shim would look like a start that failed, and a failed exec is deleted.
    const { status } = this.state;
    if (this.#isStarting) throw this.refuse('start', 'it is being started');
    if (status !== 'created' && status !== 'unknown') throw this.refuse('start', `it is ${status}`);
    this.#isStarting = true;
    let isDone = false;
    // Not the caller's deadline nor signal, as in moby: a start that is cancelled half way may happen all the same.
    const starting = this.sendStart(Math.max(call.timeoutMs ?? 0, TIMEOUTS.start)).finally(() => {
      isDone = true;
      this.#isStarting = false;
    });
    try {
      await withinCall(
        `start ${this.describe()}`,
        starting.then((pid) => this.#started(pid)),
        call,
      );
    } catch (err) {
      const error = classifyStartError(`start ${this.describe()}`, classifyStateError(asError(err)));
      if (isDone) await this.startFailed(error);
      else this.startGivenUp(error, starting);
      throw error;
    }
  }

  #started(pid: number): void {
    this.stdio?.peerOpened();
    const origin = { timestamp: new Date(), synthesized: false };
    this.run.apply({ kind: 'pid', processId: this.id, pid }, origin);
    this.run.apply({ kind: 'started', processId: this.id, pid: 0 }, origin);
  }

  protected async sendStart(timeoutMs: number): Promise<number> {
    const request = { containerId: this.containerId, execId: this.execId };
    return (await this.context.tasks.start(request, { timeoutMs })).pid;
  }

  async kill(signal: number | string, call: KillOptions = {}): Promise<void> {
    const request = {
      containerId: this.containerId,
      execId: this.execId,
      signal: signalNumber(signal),
      all: call.all ?? false,
    };
    await this.ask(() => this.context.tasks.kill(request, call));
  }

  async resize(width: number, height: number, call: CallOptions = {}): Promise<void> {
    for (const size of [width, height]) {
      if (Number.isInteger(size) && size >= 0 && size <= CELLS_MAX) continue;
      throw new InvalidArgumentError(`resize ${this.describe()}: ${size} is no number of character cells`, {
        code: 'ERR_OPTION_INVALID',
      });
    }
    const request = { containerId: this.containerId, execId: this.execId, width, height };
    await this.ask(() => this.context.tasks.resizePty(request, call));
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
    await withinCall(`close stdin of ${this.describe()}`, finished, withDefault(call, TIMEOUTS.stdio));
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
    const { process } = await this.ask(() => this.context.tasks.get(request, call));
    const outcome = process === undefined ? 'of-another-run' : applyReply(this.run, this.id, process, askedAt);
    if (outcome === 'of-another-run') {
      this.context.verify(this.run);
      throw this.notFound();
    }
    if (outcome === 'undecided') return { status: 'unknown', pid: this.pid };
    const { status, pid, exit } = this.state;
    return exit === undefined ? { status, pid } : { status, pid, exit };
  }

  async delete(call: CallOptions = {}): Promise<ExitStatus> {
    return this.deleteNow(call);
  }

  protected async deleteNow(call: CallOptions): Promise<ExitStatus> {
    this.context.assertUsable(`delete ${this.describe()}`, call.signal);
    if (this.isGone) throw this.notFound();
    const rest = remaining(call);
    // What still runs is refused below; only output of an ended process is worth waiting for.
    if (this.state.exit !== undefined && this.stdio !== undefined) {
      const drained = this.stdio.waitDrained({ idleMs: TIMEOUTS.drainIdle, maxMs: TIMEOUTS.drainMax });
      const isWhole = await withinCall(`drain output of ${this.describe()}`, drained, call);
      if (!isWhole) this.context.log.warn({ containerId: this.containerId, execId: this.execId }, 'output was cut off');
    }
    try {
      const reply = await this.ask(() => this.sendDelete(rest()));
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
    this.#failure ??= error;
    for (const reject of this.#rejectors) reject(error);
    this.#rejectors.clear();
  }

  protected get hasFailed(): boolean {
    return this.#failure !== undefined;
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
      this.context.assertUsable(this.describe(), undefined);
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
  /** The caller does not wait any more; `starting` goes on, and is bounded. Must not throw. */
  protected abstract startGivenUp(error: EngineError, starting: Promise<number>): void;
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
    const why = cause === undefined ? 'the backend does not know it' : cause.message;
    return new NotFoundError(`${this.describe()}: ${why}`, {
      code,
      cause,
      fields: { containerId: this.containerId, ...(this.execId === '' ? {} : { execId: this.execId }) },
    });
  }

  /**
   * The process waits for EOF, so while containerd is away this goes on until it was told, or the process or the client
   * has ended.
   */
  private async sendCloseStdin(call: CallOptions = {}): Promise<void> {
    const request = { containerId: this.containerId, execId: this.execId, stdin: true };
    for (;;) {
      try {
        await this.context.tasks.closeIO(request, { ...call, waitForReady: true });
        return;
      } catch (err) {
        // The process ended first: it needs no EOF any more.
        if (isNotFound(err) || isFailedPrecondition(err) || this.isGone || this.state.exit !== undefined) return;
        if (call.timeoutMs !== undefined || call.signal?.aborted || !(isUnavailable(err) || isDeadlineExceeded(err)))
          throw err;
        this.context.log.warn({ err, containerId: this.containerId, execId: this.execId }, 'close stdin; trying again');
        await delay(CLOSE_STDIN_RETRY_MS, undefined, { ref: false });
      }
    }
  }
}

/** Everything that the backend throws is an EngineError; this says so to the compiler, and catches bugs. */
export function asError(err: unknown): EngineError {
  if (err instanceof EngineError) return err;
  throw err;
}
