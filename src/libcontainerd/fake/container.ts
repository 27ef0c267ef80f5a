import { ConflictError } from '../../errdefs/index.js';
import type { OciSpec } from '../../oci/runtime-spec.js';
import { makeOutputFiles } from '../output-files.js';
import type { AttachStdio, CallOptions, Container, ExternalStdio, NewTaskOptions, Task } from '../types.js';
import { assertCheckpoint } from './checkpoint.js';
import { ClientRun, factsOf } from './client-run.js';
import type { ClientStdio } from './client-stdio.js';
import type { FakeContext } from './context.js';
import type { ContainerRecord } from './host-state.js';
import type { HostTask } from './host-task.js';
import { makePipes } from './process-pipes.js';
import { attachStdio, FakeTask } from './task.js';

export class FakeContainer implements Container {
  readonly #context: FakeContext;
  readonly #record: ContainerRecord;

  constructor(context: FakeContext, record: ContainerRecord) {
    this.#context = context;
    this.#record = record;
  }

  get id(): string {
    return this.#record.id;
  }

  get runtime(): string {
    return this.#record.runtime;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#record.labels;
  }

  get spec(): OciSpec {
    return this.#record.spec;
  }

  async newTask(options: NewTaskOptions = {}, call: CallOptions = {}): Promise<Task> {
    const what = `create task of ${this.id}`;
    this.#context.assertOpen(what);
    const { checkpointDir, stdio: stdioOptions } = options;
    if (checkpointDir !== undefined) {
      this.#context.assertCapable(what, 'checkpoint');
      await this.#context.untilEnd(what, assertCheckpoint(checkpointDir), call);
    }
    const live = this.#linkOf(this.#context.table.get(this.id));
    if (live !== undefined && !live.task.removed) throw this.#taskExists(what);
    const terminal = this.spec.process?.terminal ?? false;
    const hasFiles = stdioOptions !== undefined && 'files' in stdioOptions;
    if (hasFiles) await makeOutputFiles(what, stdioOptions, terminal);
    const pipes = await makePipes(stdioOptions, terminal);
    let stdio: ClientStdio | undefined;
    try {
      stdio = await attachStdio(what, pipes, attachmentOf(stdioOptions));
      return await this.#context.ask('Tasks/Create', what, call, () => {
        const { state, namespace, table } = this.#context;
        const run = table.prepare(this.id, state.now());
        try {
          const task = state.createTask(namespace, this.id, pipes, checkpointDir);
          const facts = [{ kind: 'pid', processId: this.id, pid: task.init.pid }, { kind: 'created' }] as const;
          return this.#hold(new ClientRun(run, task), stdio, () => {
            table.commit(run, facts, { timestamp: state.now(), synthesized: false });
          });
        } finally {
          table.abandon(run);
        }
      });
    } catch (err) {
      stdio?.close();
      pipes.fifos?.remove();
      throw err;
    }
  }

  task(call: CallOptions = {}): Promise<Task> {
    return this.#context.ask('Tasks/Get', `find task of ${this.id}`, call, () => this.adopt(this.#hostTask()));
  }

  async attachTask(attach: AttachStdio | ExternalStdio, call: CallOptions = {}): Promise<Task> {
    const what = `attach to task of ${this.id}`;
    this.#context.assertCapable(what, 'liveAttach');
    const task = await this.#context.ask('Tasks/Get', what, call, () => this.#hostTask());
    return this.#context.untilEnd(what, this.adoptAttached(task, attach), call);
  }

  async delete(call: CallOptions = {}): Promise<void> {
    const { state, namespace } = this.#context;
    await this.#context.ask('Containers/Delete', `delete container ${this.id}`, call, () => {
      state.deleteContainer(namespace, this.id);
    });
  }

  /** @internal The task that the host shows, with no stdio of its own. */
  adopt(task: HostTask, stdio?: ClientStdio): FakeTask {
    const { state, table } = this.#context;
    const moment = state.moment();
    const known = this.#linkOf(table.get(this.id));
    if (known?.task === task) return this.#hold(known, stdio, () => known.learn(task.init, moment));
    const run = table.prepare(this.id);
    const facts = factsOf(task, task.init, moment);
    return this.#hold(new ClientRun(run, task), stdio, () => {
      table.commit(run, facts, { timestamp: moment.now, synthesized: true });
    });
  }

  /** @internal The same with its stdio opened again. */
  async adoptAttached(task: HostTask, attach: AttachStdio | ExternalStdio): Promise<FakeTask> {
    const what = `attach to task of ${this.id}`;
    const known = this.#linkOf(this.#context.table.get(this.id));
    if (known?.task === task && known.stdio(this.id) !== undefined) {
      throw new ConflictError(`${what}: this client reads its stdio already`, {
        code: 'ERR_STDIO_ATTACHED',
        fields: { containerId: this.id },
      });
    }
    const stdio = await attachStdio(what, task.init.pipes, attach);
    // The client may have ended while its user made ready to read.
    if (this.#context.ended) stdio?.close();
    this.#context.assertOpen(what);
    return this.adopt(task, stdio);
  }

  /** `enter` makes the run live, or tells it what is new. */
  #hold(link: ClientRun, stdio: ClientStdio | undefined, enter: () => void): FakeTask {
    const before = this.#linkOf(this.#context.table.get(this.id));
    if (before !== link) before?.closeAllStdio();
    this.#context.runs.set(link.run, link);
    enter();
    if (stdio !== undefined) link.addStdio(this.id, stdio);
    return new FakeTask(this.#context, link);
  }

  #linkOf(run: ClientRun['run'] | undefined): ClientRun | undefined {
    return run === undefined ? undefined : this.#context.runs.get(run);
  }

  #hostTask(): HostTask {
    return this.#context.state.task(this.#context.namespace, this.id);
  }

  #taskExists(what: string): ConflictError {
    return new ConflictError(`${what}: it has one already`, {
      code: 'ERR_TASK_EXISTS',
      fields: { containerId: this.id },
    });
  }
}

function attachmentOf(options: NewTaskOptions['stdio']): AttachStdio | ExternalStdio | undefined {
  if (options === undefined || 'files' in options) return undefined;
  return 'external' in options ? options : options.attach;
}
