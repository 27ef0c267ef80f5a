import { type EngineError, type NotFoundError, toEngineError } from '../../errdefs/index.js';
import { signalNumber } from '../signals.js';
import type { CallOptions, ExitStatus, KillOptions, Process, RunSnapshot, StatusInfo } from '../types.js';
import type { ClientRun } from './client-run.js';
import type { FakeContext } from './context.js';
import type { FakeMethod } from './faults.js';
import type { HostProcess } from './host-process.js';

/** What init and exec share: a client's handle of one process on the host. */
export abstract class FakeProcess implements Process {
  readonly id: string;
  readonly containerId: string;
  protected readonly context: FakeContext;
  protected readonly link: ClientRun;
  protected readonly process: HostProcess;
  /** Set when the process will never run: nobody may wait for its exit. */
  #failure: EngineError | undefined;
  /** What was known of a deleted exec; its id may be used again in the same run. */
  #last: RunSnapshot | undefined;
  #forgotten = false;
  readonly #rejectors = new Set<(err: EngineError) => void>();

  protected constructor(context: FakeContext, link: ClientRun, process: HostProcess) {
    this.context = context;
    this.link = link;
    this.process = process;
    this.id = process.id;
    this.containerId = link.run.containerId;
  }

  get pid(): number {
    return this.state.pid;
  }

  get state(): RunSnapshot {
    return this.#last ?? this.link.run.snapshot(this.id);
  }

  async start(call: CallOptions = {}): Promise<void> {
    try {
      await this.ask('Tasks/Start', 'start', call, () => this.link.task.start(this.process));
    } catch (err) {
      if (!this.context.ended && this.process.status === 'created') {
        this.startFailed(toEngineError(err));
        if (this.isGone()) this.#forget();
      }
      throw err;
    }
    const origin = { timestamp: this.context.state.now(), synthesized: false };
    this.link.run.apply({ kind: 'pid', processId: this.id, pid: this.process.pid }, origin);
    this.link.run.apply({ kind: 'started', processId: this.id, pid: 0 }, origin);
  }

  async kill(signal: number | string, call: KillOptions = {}): Promise<void> {
    const number = signalNumber(signal);
    const all = call.all ?? false;
    await this.ask('Tasks/Kill', 'kill', call, () => this.link.task.kill(this.process, number, all));
  }

  async resize(width: number, height: number, call: CallOptions = {}): Promise<void> {
    await this.ask('Tasks/ResizePty', 'resize', call, () => this.process.resize({ width, height }));
  }

  async closeStdin(call: CallOptions = {}): Promise<void> {
    this.context.assertOpen(`close stdin of ${this.describe()}`);
    const { pipes, status } = this.process;
    if (pipes.stdin === undefined || status === 'stopped' || this.isGone()) return;
    const stdio = this.link.stdio(this.id);
    await this.ask('Tasks/CloseIO', 'close stdin of', call, () => {
      if (stdio !== undefined) return stdio.closeStdin();
      return this.process.closeStdin();
    });
  }

  async wait(call: CallOptions = {}): Promise<ExitStatus> {
    const what = `wait for ${this.describe()}`;
    this.context.assertOpen(what);
    if (this.#failure !== undefined) throw this.#failure;
    let stop = () => {};
    const exited = new Promise<ExitStatus>((resolve, reject) => {
      const known = this.state.exit;
      if (known !== undefined) return resolve(known);
      this.#rejectors.add(reject);
      const stopListening = this.link.run.onExit(this.id, resolve);
      stop = () => {
        this.#rejectors.delete(reject);
        stopListening();
      };
      return undefined;
    });
    try {
      return await this.context.untilEnd(what, exited, call);
    } finally {
      stop();
    }
  }

  async status(call: CallOptions = {}): Promise<StatusInfo> {
    await this.ask('Tasks/Get', 'look at', call, () => this.link.learn(this.process, this.context.state.moment()));
    const { status, pid, exit } = this.state;
    return exit === undefined ? { status, pid } : { status, pid, exit };
  }

  async delete(call: CallOptions = {}): Promise<ExitStatus> {
    const what = `delete ${this.describe()}`;
    if (this.state.exit !== undefined && !this.isGone()) {
      await this.context.untilEnd(what, this.link.stdio(this.id)?.drain() ?? Promise.resolve(), call);
    }
    const method = this.process === this.link.task.init ? 'Tasks/Delete' : 'Tasks/DeleteProcess';
    try {
      const exit = await this.ask(method, 'delete', call, () => this.deleteOnHost());
      if (this.process.exit !== undefined) this.applyExit(this.process.exit);
      return this.state.exit ?? exit;
    } finally {
      if (this.isGone()) this.#forget();
    }
  }

  /** One call about this process. Not found means that the run may be over with its exit unheard. */
  protected ask<T>(method: FakeMethod, verb: string, call: CallOptions, action: () => T | Promise<T>): Promise<T> {
    return this.context.ask(method, `${verb} ${this.describe()}`, call, () => {
      if (!this.isGone()) return action();
      if (this.link.task.removed) this.context.concludeUnknown(this.link.run);
      throw this.notFound();
    });
  }

  protected applyExit(exit: ExitStatus): void {
    const fact = { kind: 'exit', processId: this.id, pid: this.process.pid, exit, source: 'reply' } as const;
    this.link.run.apply(fact, { timestamp: this.context.state.now(), synthesized: true });
  }

  /** Makes pending and later waits fail; the first reason stays. */
  protected fail(error: EngineError): void {
    this.#failure ??= error;
    for (const reject of this.#rejectors) reject(error);
    this.#rejectors.clear();
  }

  /** Keeps what is known now, for after the run has forgotten the process. */
  protected keepState(): void {
    this.#last ??= this.link.run.snapshot(this.id);
  }

  /** Once: the next exec may have the same id. */
  #forget(): void {
    if (this.#forgotten) return;
    this.#forgotten = true;
    this.removed();
  }

  protected abstract describe(): string;
  /** True when the host has this process no more, whatever has its id now. */
  protected abstract isGone(): boolean;
  protected abstract notFound(): NotFoundError;
  /** The process is created still. */
  protected abstract startFailed(err: EngineError): void;
  protected abstract deleteOnHost(): ExitStatus;
  /** The host has the process no more: forget it and free its stdio. */
  protected abstract removed(): void;
}
