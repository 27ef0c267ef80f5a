import type { Stdio } from '../../cio/stdio.js';
import { type EngineError, isNotFound } from '../../errdefs/index.js';
import { TasksDefinition } from '../../protocol/gen/containerd/services/tasks.js';
import type { Run } from '../run.js';
import type { CallOptions } from '../types.js';
import type { RemoteContext } from './context.js';
import { RemoteProcess } from './process.js';
import { TIMEOUTS } from './timeouts.js';

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

  /** A failed exec leaves its entry and FIFOs behind unless it is deleted, even when the caller went away (moby/moby#30311). */
  protected async startFailed(error: EngineError): Promise<void> {
    this.fail(error);
    this.stdio?.peerFailed();
    try {
      await this.sendDelete({ timeoutMs: TIMEOUTS.execCleanup });
    } catch (err) {
      if (!isNotFound(err)) {
        this.context.log.warn(
          { err, containerId: this.containerId, execId: this.execId },
          'delete an exec whose start failed',
        );
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
