import { nullStdio, type Stdio } from '../../cio/stdio.js';
import {
  ConflictError,
  type EngineError,
  FailedPreconditionError,
  isAlreadyExists,
  isNotFound,
  UnavailableError,
} from '../../errdefs/index.js';
import type { OciSpec } from '../../oci/runtime-spec.js';
import type { Process as ProcessRecord } from '../../protocol/gen/containerd/types/task.js';
import { withinCall } from '../deadline.js';
import type { Run } from '../run.js';
import type { AttachStdio, CallOptions, Container, ExternalStdio, NewTaskOptions, Task } from '../types.js';
import { removeBundleDir } from './bundle-dir.js';
import type { ObjectContext } from './context.js';
import { asError } from './process.js';
import { factsOfProcess, isUndecided } from './process-facts.js';
import { TaskObject, taskNotFound } from './task.js';
import { createTask, takeBack } from './task-create.js';
import type { ContainerState } from './task-service.js';
import { openStdio, reopenStdio } from './task-stdio.js';

/** What came with a question about the task, for the use of its answer. */
export interface Asked {
  readonly attach: AttachStdio | ExternalStdio | undefined;
  readonly call: CallOptions;
  /** When it was sent, in milliseconds. */
  readonly at: number;
}

export class ContainerObject implements Container {
  readonly #context: ObjectContext;
  readonly #state: ContainerState;

  constructor(context: ObjectContext, state: ContainerState) {
    this.#context = context;
    this.#state = state;
  }

  get id(): string {
    return this.#state.id;
  }

  get runtime(): string {
    return this.#state.runtime;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#state.labels;
  }

  get spec(): OciSpec {
    return this.#state.spec;
  }

  async newTask(options: NewTaskOptions = {}, call: CallOptions = {}): Promise<Task> {
    const { table, cleanups, lifetime } = this.#context;
    this.#context.assertUsable('Tasks/Create', call.signal);
    await cleanups.settled(this.id, call);
    const run = table.prepare(this.id, new Date());
    let stdio: Stdio | undefined;
    let creating: Promise<number> | undefined;
    let isDone = false;
    const dispose = async () => {
      table.abandon(run);
      stdio?.peerFailed();
      await stdio?.close({ removeFiles: true });
    };
    try {
      if (table.get(this.id) !== undefined && (await this.#hasTask(call))) throw this.#taskExists();
      const terminal = this.spec.process?.terminal ?? false;
      const dir = this.#state.bundleDir;
      const hold = this.#context.holdOutput;
      stdio = await openStdio({ dir, processId: this.id, terminal, options: options.stdio, call, lifetime, hold });
      creating = createTask(this.#context, this.#state, options, stdio?.config ?? nullStdio.config, call).finally(
        () => {
          isDone = true;
        },
      );
      const pid = await withinCall(`create task of ${this.id}`, creating, call);
      const origin = { timestamp: new Date(), synthesized: false };
      table.commit(run, [{ kind: 'pid', processId: this.id, pid }, { kind: 'created' }], origin);
      // A shim that restores opens its ends at the start; until then only our keepers hold the FIFOs open.
      if (options.checkpointDir === undefined) stdio?.peerOpened();
      return this.#taskOf(run, stdio);
    } catch (err) {
      if (creating === undefined || isDone) await dispose();
      else {
        const taken = takeBack(this.#context, this.id, creating, stdio?.config ?? nullStdio.config);
        cleanups.track(this.id, taken.finally(dispose));
      }
      if (isAlreadyExists(err)) throw this.#taskExists(asError(err));
      throw err;
    }
  }

  async task(call: CallOptions = {}): Promise<Task> {
    return this.#find(undefined, call);
  }

  async attachTask(attach: AttachStdio | ExternalStdio, call: CallOptions = {}): Promise<Task> {
    return this.#find(attach, call);
  }

  /** The task that a list reply shows, with its stdio opened again when `attach` is given. */
  async adopt(process: ProcessRecord, asked: Asked): Promise<Task> {
    const run = this.#context.table.prepare(this.id);
    try {
      return await this.#adopt(run, process, asked);
    } finally {
      this.#context.table.abandon(run);
    }
  }

  async delete(call: CallOptions = {}): Promise<void> {
    this.#context.assertUsable('Containers/Delete', call.signal);
    // containerd itself deletes a container under its running task, which nobody can reach then. Upstream's client asks
    // each time; of a container that this client made it knows.
    await this.#context.cleanups.settled(this.id, call);
    const isKnown = this.#context.table.isKnown(this.id);
    if (isKnown || (!this.#state.isOurs && (await this.#hasTask(call)))) {
      throw new FailedPreconditionError(`delete container ${this.id}: it has a task; delete that first`, {
        fields: { containerId: this.id },
      });
    }
    try {
      await this.#context.containers.delete(this.id, call);
    } catch (err) {
      if (isNotFound(err)) await this.#removeDir();
      throw err;
    }
    await this.#removeDir();
  }

  async #removeDir(): Promise<void> {
    try {
      await removeBundleDir(this.#state.bundleDir, this.id);
    } catch (err) {
      this.#context.log.warn({ err, containerId: this.id }, 'remove the folder of a deleted container');
    }
  }

  async #find(attach: AttachStdio | ExternalStdio | undefined, call: CallOptions): Promise<Task> {
    // Entered before Get is sent: an event that comes after its answer was made must find the run.
    const run = this.#context.table.prepare(this.id);
    const at = Date.now();
    try {
      const request = { containerId: this.id, execId: '' };
      const { process } = await this.#context.tasks.get(request, call);
      if (process === undefined) throw taskNotFound(this.id);
      if (isUndecided(process)) {
        throw new UnavailableError(`find task of ${this.id}: its shim does not answer`, {
          fields: { containerId: this.id },
        });
      }
      return await this.#adopt(run, process, { attach, call, at });
    } catch (err) {
      if (!isNotFound(err)) throw err;
      await this.#forgetRun();
      throw taskNotFound(this.id, asError(err));
    } finally {
      this.#context.table.abandon(run);
    }
  }

  async #adopt(prepared: Run, process: ProcessRecord, asked: Asked): Promise<Task> {
    const run = this.#enter(prepared, process, asked.at);
    if (asked.attach === undefined) return this.#taskOf(run, undefined);
    const release = this.#context.stdio.reserve(run, this.id);
    if (release === undefined) throw this.#attached();
    try {
      const { stdin, stdout, stderr, terminal } = process;
      const stdio = await reopenStdio({ stdin, stdout, stderr, terminal }, asked.attach, asked.call, this.#context);
      return this.#taskOf(run, stdio);
    } finally {
      release();
    }
  }

  /** The run that the reply is about: the one we hold, or the prepared one, which is live from here on. */
  #enter(prepared: Run, process: ProcessRecord, askedAt: number): Run {
    const facts = factsOfProcess(this.id, process, askedAt);
    const origin = { timestamp: new Date(), synthesized: true };
    const live = this.#context.table.get(this.id);
    if (live !== undefined && (process.pid === 0 || live.snapshot(this.id).pid === process.pid)) {
      for (const fact of facts) live.apply(fact, origin);
      return live;
    }
    const found = [{ kind: 'pid', processId: this.id, pid: process.pid }, { kind: 'created' }] as const;
    if (live !== undefined) void this.#context.stdio.closeRun(live);
    this.#context.table.commit(prepared, [...found, ...facts], origin);
    return prepared;
  }

  /** Asks; when there is none, a run that this client holds was deleted behind our back, and is forgotten. */
  async #hasTask(call: CallOptions): Promise<boolean> {
    try {
      await this.#context.tasks.get({ containerId: this.id, execId: '' }, call);
      return true;
    } catch (err) {
      if (!isNotFound(err)) throw err;
      await this.#forgetRun();
      return false;
    }
  }

  /** containerd has no task any more: whoever waits for the one we knew is told that its exit is unknown. */
  async #forgetRun(): Promise<void> {
    const run = this.#context.table.get(this.id);
    if (run === undefined) return;
    this.#context.table.remove(run);
    await this.#context.stdio.closeRun(run);
  }

  #taskOf(run: Run, stdio: Stdio | undefined): TaskObject {
    return new TaskObject(this.#context, run, { runtime: this.runtime, bundleDir: this.#state.bundleDir }, stdio);
  }

  #taskExists(cause?: EngineError): ConflictError {
    return new ConflictError(`create task of ${this.id}: it has one already`, {
      code: 'ERR_TASK_EXISTS',
      cause,
      fields: { containerId: this.id },
    });
  }

  #attached(): ConflictError {
    return new ConflictError(`attach to task ${this.id}: this client reads its stdio already`, {
      code: 'ERR_STDIO_ATTACHED',
      fields: { containerId: this.id },
    });
  }
}
