import { setTimeout as delay } from 'node:timers/promises';
import PQueue from 'p-queue';
import type { Stdio } from '../../cio/stdio.js';
import {
  CanceledError,
  type EngineError,
  isCanceled,
  isDeadlineExceeded,
  isNotFound,
  isUnavailable,
} from '../../errdefs/index.js';
import type { Run } from '../run.js';
import type { ObjectContext } from './context.js';
import { ProcessObject } from './process.js';
import type { TaskCallOptions } from './task-service.js';
import { TIMEOUTS } from './timeouts.js';

const SIGKILL = 9;
/** Between tries to take away an exec that may just be starting. */
const CLEANUP_PAUSES_MS = [0, 50, 100, 200, 400, 800, 1_600, 3_200];

const EXEC_STARTS_AT_ONCE = 8;

/** Names an exec among the things that are being cleaned up. */
export function execKey(run: Run, execId: string): string {
  return `${run.generation}/${execId}`;
}

/** An additional process of a task. */
export class ExecObject extends ProcessObject {
  constructor(context: ObjectContext, run: Run, execId: string, stdio: Stdio | undefined) {
    super(context, run, execId);
    if (stdio !== undefined) this.bindStdio(stdio);
  }

  protected sendDelete(call: TaskCallOptions) {
    const request = { containerId: this.containerId, execId: this.execId };
    return this.context.tasks.deleteProcess(request, call);
  }

  /**
   * A failed exec leaves its entry and FIFOs behind unless it is deleted, even when the caller went away
   * (moby/moby#30311). When the answer never came it may run, or be about to: then it is killed as well.
   */
  protected async startFailed(error: EngineError): Promise<void> {
    this.fail(error);
    this.stdio?.peerFailed();
    const { containerId, execId } = this;
    const mayRun = isCanceled(error) || isDeadlineExceeded(error) || isUnavailable(error);
    const signal = AbortSignal.timeout(TIMEOUTS.execCleanup);
    const call = { signal, timeoutMs: TIMEOUTS.execCleanup, waitForReady: true };
    for (const pauseMs of mayRun ? CLEANUP_PAUSES_MS : [0]) {
      await delay(pauseMs);
      try {
        if (mayRun) await this.#killQuietly(call);
        await this.sendDelete(call);
        break;
      } catch (err) {
        if (isNotFound(err)) break;
        this.context.log.warn({ err, containerId, execId }, 'delete an exec whose start failed');
      }
    }
    await this.removed();
  }

  protected startGivenUp(error: EngineError, starting: Promise<number>): void {
    this.fail(error);
    const cleanup = starting
      .then(() => {})
      .catch(() => {})
      .then(() => this.startFailed(error))
      .catch((err: unknown) => {
        this.context.log.warn({ err, containerId: this.containerId, execId: this.execId }, 'take an exec back');
      });
    this.context.cleanups.track(execKey(this.run, this.execId), cleanup);
  }

  /** A few at once: with twenty and more shims of containerd 1.6 hang for as long as the deadline (measured). */
  protected override async sendStart(timeoutMs: number): Promise<number> {
    const { execStarts } = this.context;
    const queue = execStarts.get(this.run) ?? new PQueue({ concurrency: EXEC_STARTS_AT_ONCE });
    execStarts.set(this.run, queue);
    return queue.add(() => {
      if (this.hasFailed) throw new CanceledError(`start ${this.describe()}: the caller gave it up`);
      return super.sendStart(timeoutMs);
    });
  }

  protected async removed(): Promise<void> {
    const { status, exit } = this.state;
    if (exit === undefined && (status === 'running' || status === 'paused')) {
      this.context.table.concludeUnknown(this.run, [this.id]);
    }
    this.keepState();
    if (this.state.exit === undefined) this.fail(this.notFound());
    this.run.apply({ kind: 'exec-removed', processId: this.id }, { timestamp: new Date(), synthesized: true });
    await this.context.stdio.close(this.run, this.id);
  }

  async #killQuietly(call: TaskCallOptions): Promise<void> {
    const { containerId, execId } = this;
    const { tasks, log } = this.context;
    try {
      await tasks.kill({ containerId, execId, signal: SIGKILL, all: false }, call);
      await tasks.wait({ containerId, execId }, { ...call, timeoutMs: TIMEOUTS.killWait });
    } catch (err) {
      // Not started, or over: the delete settles it.
      log.debug({ err, containerId, execId }, 'kill an exec whose start was given up');
    }
  }
}
