import { setTimeout as delay } from 'node:timers/promises';
import { type EngineError, FailedPreconditionError, isUnavailable, NotFoundError } from '../../../errdefs/index.js';
import type { WaitResponse } from '../../../protocol/gen/containerd/shim/task_v2.js';
import type { RpcCallOptions } from '../../../protocol/method.js';
import type { DeadTask, Shim, ShimDialect, ShimParams, ShimTasks } from '../../../shim/shim.js';
import { shimEnded } from '../../../shim/shim-end.js';
import { withDefault, withinCall } from '../../deadline.js';
import type { TaskEvent } from '../../objects/event-facts.js';
import { exitOfReply } from '../../objects/process-facts.js';
import type { ExitStatus } from '../../types.js';
import { writeExit } from './exit-file.js';
import { bury, findShim } from './shim-recovery.js';
import { announcement, exitAnnouncement } from './task-announcement.js';
import { TIMEOUTS } from './timeouts.js';
import { TrackedProcess } from './tracked-process.js';

const KILLED = 137;
/** How long the exit of a killed container may wait for what its shim publishes. */
const OOM_GRACE_MS = 250;

export interface ShimTaskOptions {
  readonly dialect: ShimDialect;
  readonly params: ShimParams;
  readonly publish: (event: TaskEvent) => void;
  /** The shim tells of OOM kills by itself. */
  readonly publishesOom: boolean;
  /** A last look at what the kernel tells of the container, before its end is announced. Never rejects. */
  readonly beforeExit: () => Promise<void>;
  /** Fires when the core closes: nothing is looked into any more. */
  readonly signal: AbortSignal;
}

/** `live`: its shim is connected. `lost`: the connection ended, it is being looked into. `dead`: the shim is. */
export type ShimTaskState = 'live' | 'lost' | 'dead' | 'deleted';

/**
 * One task and the shim that runs it. One Wait for each process is the source of exits; what the shim publishes is a
 * hint. When the shim dies, what it left is taken away and the exits it can tell no more are made up.
 */
export class ShimTask {
  readonly params: ShimParams;
  readonly #options: ShimTaskOptions;
  /** By exec id; the init has the empty one. */
  readonly #processes = new Map<string, TrackedProcess>();
  #state: ShimTaskState = 'lost';
  #shim: Shim | undefined;
  #recovering: Promise<void> | undefined;
  #end: DeadTask | undefined;
  #isUnclean = false;
  #keeping: Promise<void> = Promise.resolve();

  private constructor(options: ShimTaskOptions) {
    this.#options = options;
    this.params = options.params;
    this.#processes.set('', new TrackedProcess());
  }

  /** A task that was just created. */
  static created(options: ShimTaskOptions, shim: Shim, pid: number): ShimTask {
    const task = new ShimTask(options);
    task.#adopt(shim, pid);
    return task;
  }

  /** A task of an earlier life: its shim is being looked for. */
  static found(options: ShimTaskOptions): ShimTask {
    const task = new ShimTask(options);
    task.#lose();
    return task;
  }

  get id(): string {
    return this.params.id;
  }

  get state(): ShimTaskState {
    return this.#state;
  }

  get pid(): number {
    return this.#processes.get('')?.pid ?? 0;
  }

  /** Of the shim, 0 when it is not connected. */
  get shimPid(): number {
    return this.#shim?.pid ?? 0;
  }

  /** How the task ended, once its shim is dead. */
  get end(): DeadTask | undefined {
    return this.#end;
  }

  /**
   * Settles when the shim has been found, or found dead; without a time limit that may be never, for one that hangs.
   * @throws DeadlineExceededError, CanceledError as `withinCall`
   */
  async settled(call: RpcCallOptions = {}): Promise<void> {
    if (this.#recovering !== undefined) await withinCall(`reach the shim of ${this.id}`, this.#recovering, call);
  }

  /** Calls the shim, once it is known where it is. @throws FailedPreconditionError when it is dead */
  async ask<T>(call: (tasks: ShimTasks) => Promise<T>, options: RpcCallOptions = {}): Promise<T> {
    const shim = await this.#reach(options);
    try {
      return await call(shim.tasks);
    } catch (err) {
      if (!isUnavailable(err)) throw err;
      // Calls hear of a connection's end first, we when the last log of the shim was read: only then it is looked into.
      await withinCall(`wait for the end of the shim of ${this.id}`, shim.closed, {
        timeoutMs: TIMEOUTS.shutdown,
      }).catch(() => {});
      await this.#reach(options);
      throw err;
    }
  }

  async start(execId: string, call: RpcCallOptions): Promise<number> {
    const { id } = this;
    const process = this.#processes.get(execId);
    if (process === undefined) throw this.notFound(execId);
    const pid = await this.ask((tasks) => {
      const starting = tasks.start({ id, execId }, call).then((reply) => {
        process.pid = reply.pid;
        this.#publish(execId === '' ? 'start' : 'exec-started', execId, reply.pid);
        return reply.pid;
      });
      // The bare call: where the shim dies over it, `ask` waits for the exit, which waits for this.
      process.begin(starting);
      return starting;
    }, call);
    if (execId !== '') this.#watch(execId);
    return pid;
  }

  /** Enters an exec that the shim has taken. */
  added(execId: string): void {
    this.#processes.set(execId, new TrackedProcess());
    this.#publish('exec-added', execId, 0);
  }

  removed(execId: string): void {
    this.#processes.delete(execId);
  }

  /** Waits for the exit of a process, whatever happens to its shim. */
  async wait(execId: string, call: RpcCallOptions): Promise<ExitStatus> {
    const process = this.#processes.get(execId);
    if (process === undefined) throw this.notFound(execId);
    return withinCall(
      `wait for ${execId === '' ? `task ${this.id}` : `exec ${execId} of ${this.id}`}`,
      process.exited,
      call,
    );
  }

  /** What the shim published; only an exit is news, for Wait may be late or lost. */
  hear(event: TaskEvent): void {
    if (event.exit === undefined) return;
    const execId = event.processId === this.id ? '' : event.processId;
    const process = this.#processes.get(execId);
    // Of a process whose pid is not known yet it may be about an older one of that id; Wait will tell.
    if (process === undefined || process.pid === 0 || process.pid !== event.pid) return;
    process.heard();
    void this.#ended(execId, process, event.exit);
  }

  /**
   * The shim has deleted the task: asks it to end, and waits until it has, unless other containers live in it. Never
   * throws; a shim that does not go is found and ended at the next start.
   */
  async release(isShared: boolean): Promise<void> {
    const shim = this.#shim;
    this.#state = 'deleted';
    if (shim !== undefined) {
      const call = { timeoutMs: TIMEOUTS.shutdown };
      try {
        await shim.tasks.shutdown({ id: this.id, now: false }, call);
        if (!isShared) await withinCall(`wait for the end of the shim of ${this.id}`, shim.closed, call);
      } catch (err) {
        // It may end before its answer is out.
        if (!isUnavailable(err))
          this.params.log.warn({ err, containerId: this.id }, 'shut down a shim; it may be leaked');
      }
      if (!isShared) await shimEnded(shim.pid, TIMEOUTS.shutdown);
      shim.close();
    }
    await this.#keeping;
  }

  /** For a dead shim after which could not be cleaned up: tries again. @throws as `ShimDialect.cleanup` */
  async cleanAgain(call: RpcCallOptions): Promise<void> {
    if (!this.#isUnclean) return;
    await this.#options.dialect.cleanup(this.params, withDefault(call, TIMEOUTS.cleanup));
    this.#isUnclean = false;
  }

  /** Its bundle could not be removed: the task stays, ended, so that a further delete can. */
  keep(end: DeadTask): void {
    this.#end = end;
    this.#state = 'dead';
  }

  /** Ends the connection and what is being looked into; the container goes on. */
  detach(): void {
    this.#state = 'deleted';
    this.#shim?.close();
  }

  announce(type: Exclude<TaskEvent['type'], 'exit'>): void {
    this.#publish(type, '', 0);
  }

  notFound(execId: string): NotFoundError {
    const what = execId === '' ? `task ${this.id}` : `exec ${execId} of ${this.id}`;
    return new NotFoundError(`${what}: there is none`, { fields: { containerId: this.id, execId } });
  }

  async #reach(options: RpcCallOptions): Promise<Shim> {
    await this.settled(withDefault(options, TIMEOUTS.load));
    if (this.#shim !== undefined && this.#state === 'live') return this.#shim;
    if (this.#state === 'deleted') throw this.notFound('');
    throw new FailedPreconditionError(`task ${this.id} has ended: its shim died`, { fields: { containerId: this.id } });
  }

  #adopt(shim: Shim, pid: number): void {
    this.#shim = shim;
    this.#state = 'live';
    const init = this.#processes.get('');
    if (init !== undefined) init.pid = pid;
    void shim.closed.then((reason) => {
      if (this.#shim !== shim || this.#state !== 'live') return;
      this.params.log.warn({ err: reason, containerId: this.id }, 'the connection to a shim ended');
      this.#lose();
    });
    for (const [execId, process] of this.#processes) {
      if (process.exit === undefined && (execId === '' || process.pid !== 0)) this.#watch(execId);
    }
  }

  #watch(execId: string): void {
    const { id } = this;
    const process = this.#processes.get(execId);
    const shim = this.#shim;
    if (process === undefined || shim === undefined) return;
    const waiting: Promise<WaitResponse> = shim.tasks.wait({ id, execId }, { timeoutMs: Number.POSITIVE_INFINITY });
    waiting.then(
      (reply) => this.#waited(execId, process, exitOfReply(reply)),
      (err: unknown) => {
        // A lost connection is looked into by itself; an exec that is gone was deleted.
        this.params.log.debug({ err, containerId: id, execId }, 'wait for a process');
      },
    );
  }

  /**
   * What the shim publishes comes on another connection, and the kill for want of memory before the exit that it caused.
   * Whoever sees the exit of a killed container is to know why; no other exit waits.
   */
  async #waited(execId: string, process: TrackedProcess, exit: ExitStatus): Promise<void> {
    const { publishesOom, signal } = this.#options;
    if (publishesOom && execId === '' && exit.code === KILLED) {
      const grace = delay(OOM_GRACE_MS, undefined, { signal, ref: false }).catch(() => {});
      await Promise.race([process.published, grace]);
    }
    await this.#ended(execId, process, exit);
  }

  async #ended(execId: string, process: TrackedProcess, exit: ExitStatus): Promise<void> {
    if (execId === '') await this.#options.beforeExit();
    if (!(await process.end(exit)) || this.#options.signal.aborted) return;
    if (execId === '') this.#keep({ pid: process.pid, exitStatus: exit.code, exitedAt: exit.exitedAt });
    this.#options.publish(exitAnnouncement({ containerId: this.id, execId, pid: process.pid }, exit));
  }

  #keep(end: DeadTask): void {
    if (this.#state === 'deleted') return;
    this.#keeping = writeExit(this.params.bundle, end).catch((err: unknown) => {
      if (this.#state !== 'deleted') this.params.log.warn({ err, containerId: this.id }, 'keep the exit of a task');
    });
  }

  #lose(): void {
    this.#state = 'lost';
    this.#shim?.close();
    this.#shim = undefined;
    const recovering = this.#recover()
      .catch((err: unknown) => {
        if (!this.#options.signal.aborted) this.params.log.error({ err, containerId: this.id }, 'look for a shim');
      })
      .finally(() => {
        if (this.#recovering === recovering) this.#recovering = undefined;
      });
    this.#recovering = recovering;
  }

  async #recover(): Promise<void> {
    const { dialect, params, signal } = this.#options;
    const recovery = { dialect, params, signal };
    const found = await findShim(recovery);
    if (this.#state !== 'lost' || signal.aborted) return found?.shim.close();
    if (found !== undefined) return this.#adopt(found.shim, found.pid);
    const { end, exitUnknown, isUnclean } = await bury(recovery, this.pid);
    this.#isUnclean = isUnclean;
    if (this.#state === 'lost') await this.#conclude(end, exitUnknown);
    return undefined;
  }

  /** Ends every process of the task that is not known to have ended. */
  async #conclude(end: DeadTask, exitUnknown: boolean): Promise<void> {
    const init = this.#processes.get('');
    const known = init?.exit;
    this.#end = known === undefined ? end : { ...end, exitStatus: known.code, exitedAt: known.exitedAt };
    if (init !== undefined && init.pid === 0) init.pid = end.pid;
    this.#state = 'dead';
    const { exitStatus, exitedAt } = this.#end;
    const killed = { code: exitUnknown ? 255 : KILLED, exitedAt, exitUnknown };
    // Execs end with their init, and first.
    for (const [execId, process] of this.#processes) {
      if (execId !== '') await this.#ended(execId, process, killed);
    }
    if (init !== undefined) await this.#ended('', init, { code: exitStatus, exitedAt, exitUnknown });
  }

  #publish(type: Exclude<TaskEvent['type'], 'exit'>, execId: string, pid: number): void {
    this.#options.publish(announcement(type, { containerId: this.id, execId, pid }));
  }
}

/** Class and text as a shim refuses them, for what can be told without asking it. */
export function finished(id: string, cause?: EngineError): NotFoundError {
  return new NotFoundError(`task ${id}: process already finished`, { cause, fields: { containerId: id } });
}
