import type { Stdio } from '../../cio/stdio.js';
import { type EngineError, isCanceled, isDeadlineExceeded, isNotFound } from '../../errdefs/index.js';
import { TasksDefinition } from '../../protocol/gen/containerd/services/tasks.js';
import type { Run } from '../run.js';
import type { CallOptions } from '../types.js';
import type { RemoteContext } from './context.js';
import { RemoteProcess } from './process.js';
import { TIMEOUTS } from './timeouts.js';

const SIGKILL = 9;

/** An additional process of a task. */
export class RemoteExec extends RemoteProcess {
  constructor(context: RemoteContext, run: Run, execId: string, stdio: Stdio | undefined) {
    super(context, run, execId);
    if (stdio !== undefined) this.bindStdio(stdio);
  }

  protected sendDelete(call: CallOptions) {
    const request = { containerId: this.containerId, execId: this.execId };
    return this.context.channel.unary(TasksDefinition, 'deleteProcess', request, call);
  }

  /**
   * A failed exec leaves its entry and FIFOs behind unless it is deleted, even when the caller went away
   * (moby/moby#30311). When the answer never came it may run: then it is killed first.
   */
  protected async startFailed(error: EngineError): Promise<void> {
    this.fail(error);
    this.stdio?.peerFailed();
    const { containerId, execId } = this;
    const signal = AbortSignal.timeout(TIMEOUTS.execCleanup);
    const call = { signal, timeoutMs: TIMEOUTS.execCleanup };
    try {
      if (isCanceled(error) || isDeadlineExceeded(error)) {
        const { channel } = this.context;
        await channel.unary(TasksDefinition, 'kill', { containerId, execId, signal: SIGKILL, all: false }, call);
        await channel.unary(TasksDefinition, 'wait', { containerId, execId }, call);
      }
    } catch (err) {
      // Never started, or over: the delete settles it.
      this.context.log.debug({ err, containerId, execId }, 'kill an exec whose start was given up');
    }
    try {
      await this.sendDelete(call);
    } catch (err) {
      if (!isNotFound(err)) {
        this.context.log.warn({ err, containerId, execId }, 'delete an exec whose start failed');
      }
    }
    await this.removed();
  }

  protected async removed(): Promise<void> {
    this.keepState();
    this.run.apply({ kind: 'exec-removed', processId: this.id }, { timestamp: new Date(), synthesized: true });
    await this.context.stdio.close(this.run, this.id);
  }
}
