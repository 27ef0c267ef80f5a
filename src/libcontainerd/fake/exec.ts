import type { EngineError, NotFoundError } from '../../errdefs/index.js';
import type { ExitStatus } from '../types.js';
import type { ClientRun } from './client-run.js';
import type { FakeContext } from './context.js';
import type { HostProcess } from './host-process.js';
import { execNotFound, taskNotFound } from './host-task.js';
import { FakeProcess } from './process.js';

/** An additional process of a task. */
export class FakeExec extends FakeProcess {
  constructor(context: FakeContext, link: ClientRun, process: HostProcess) {
    super(context, link, process);
  }

  protected describe(): string {
    return `exec ${this.id} of ${this.containerId}`;
  }

  protected isGone(): boolean {
    return this.link.task.removed || this.link.task.execs.get(this.id) !== this.process;
  }

  protected notFound(): NotFoundError {
    return this.link.task.removed ? taskNotFound(this.containerId) : execNotFound(this.containerId, this.id);
  }

  /** Nothing of it is left, whatever the reason. */
  protected startFailed(err: EngineError): void {
    if (this.link.task.execs.get(this.id) === this.process) this.link.task.execs.delete(this.id);
    this.fail(err);
  }

  protected deleteOnHost(): ExitStatus {
    return this.link.task.deleteExec(this.process);
  }

  protected removed(): void {
    if (this.process.status === 'created') this.fail(this.notFound());
    this.keepState();
    const origin = { timestamp: this.context.state.now(), synthesized: true };
    this.link.run.apply({ kind: 'exec-removed', processId: this.id }, origin);
    this.link.closeStdio(this.id);
  }
}
