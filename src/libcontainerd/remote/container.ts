import { nullStdio, type Stdio } from '../../cio/stdio.js';
import {
  ConflictError,
  DataLossError,
  type EngineError,
  FailedPreconditionError,
  isAlreadyExists,
  isCanceled,
  isDeadlineExceeded,
  isNotFound,
  isUnavailable,
} from '../../errdefs/index.js';
import { hostRootOf } from '../../oci/id-mapping.js';
import { parseSpec } from '../../oci/parse-spec.js';
import type { OciSpec } from '../../oci/runtime-spec.js';
import { unpackJson } from '../../protocol/any.js';
import {
  type Container as ContainerRecord,
  ContainersDefinition,
} from '../../protocol/gen/containerd/services/containers.js';
import { TasksDefinition } from '../../protocol/gen/containerd/services/tasks.js';
import type { Process as ProcessRecord } from '../../protocol/gen/containerd/types/task.js';
import type { Any } from '../../protocol/gen/google/protobuf/any.js';
import type { Run } from '../run.js';
import type { AttachStdio, CallOptions, Container, NewTaskOptions, RuntimeOptions, Task } from '../types.js';
import { BUNDLE_LABEL, bundleDirOf, removeBundleDir } from './bundle-dir.js';
import { restoreWorkDir } from './checkpoint.js';
import type { RemoteContext } from './context.js';
import { asError } from './process.js';
import { factsOfProcess } from './process-facts.js';
import { parseOptions, taskOptions } from './runtime-options.js';
import { classifyStartError } from './start-error.js';
import { RemoteTask, taskNotFound } from './task.js';
import { openStdio, reopenStdio } from './task-stdio.js';
import { TIMEOUTS } from './timeouts.js';

export interface ContainerState {
  readonly id: string;
  readonly runtime: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: OciSpec;
  readonly options: Any | undefined;
  readonly runtimeOptions: RuntimeOptions | undefined;
  readonly bundleDir: string;
}

export class RemoteContainer implements Container {
  readonly #context: RemoteContext;
  readonly #state: ContainerState;

  constructor(context: RemoteContext, state: ContainerState) {
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
    const run = this.#context.table.prepare(this.id, new Date());
    let stdio: Stdio | undefined;
    try {
      const live = this.#context.table.get(this.id);
      // The FIFOs of a task that still runs carry the same names: a second reader would steal its output.
      if (live !== undefined && this.#context.stdio.get(live, this.id) !== undefined) throw this.#taskExists();
      const terminal = this.spec.process?.terminal ?? false;
      stdio = await openStdio(this.#state.bundleDir, this.id, terminal, options.stdio);
      const pid = await this.#create(options, stdio?.config ?? nullStdio.config, call);
      const origin = { timestamp: new Date(), synthesized: false };
      this.#context.table.commit(run, [{ kind: 'pid', processId: this.id, pid }, { kind: 'created' }], origin);
      // A shim that restores opens its ends at the start; until then only our keepers hold the FIFOs open.
      if (options.checkpointDir === undefined) stdio?.peerOpened();
      return this.#taskOf(run, stdio);
    } catch (err) {
      this.#context.table.abandon(run);
      stdio?.peerFailed();
      await stdio?.close({ removeFiles: !isAlreadyExists(err) });
      if (isAlreadyExists(err)) throw this.#taskExists(asError(err));
      throw err;
    }
  }

  async task(call: CallOptions = {}): Promise<Task> {
    return this.#find(undefined, call);
  }

  async attachTask(attach: AttachStdio, call: CallOptions = {}): Promise<Task> {
    return this.#find(attach, call);
  }

  /** The task that a list or Get reply shows, with its stdio opened again when `attach` is given. */
  async adopt(process: ProcessRecord, attach: AttachStdio | undefined): Promise<Task> {
    const run = this.#context.table.prepare(this.id);
    try {
      return await this.#adopt(run, process, attach);
    } finally {
      this.#context.table.abandon(run);
    }
  }

  async delete(call: CallOptions = {}): Promise<void> {
    this.#context.channel.assertUsable('Containers/Delete', call.signal);
    // containerd itself deletes a container under its running task; upstream's client asks it first, we know.
    if (this.#context.table.get(this.id) !== undefined) {
      throw new FailedPreconditionError(`delete container ${this.id}: it has a task; delete that first`, {
        fields: { containerId: this.id },
      });
    }
    try {
      await this.#context.channel.unary(ContainersDefinition, 'delete', { id: this.id }, call);
    } catch (err) {
      if (isNotFound(err)) await this.#removeDir();
      throw err;
    }
    await this.#removeDir();
  }

  async #removeDir(): Promise<void> {
    try {
      await removeBundleDir(this.#state.bundleDir);
    } catch (err) {
      this.#context.log.warn({ err, containerId: this.id }, 'remove the folder of a deleted container');
    }
  }

  async #create(options: NewTaskOptions, paths: Stdio['config'], call: CallOptions): Promise<number> {
    const { uid, gid } = hostRootOf(this.spec);
    const restore = options.checkpointDir;
    const request = {
      containerId: this.id,
      rootfs: (options.rootfs ?? []).map((m) => ({ ...m, target: m.target ?? '', options: [...m.options] })),
      stdin: paths.stdin,
      stdout: paths.stdout,
      stderr: paths.stderr,
      terminal: this.spec.process?.terminal ?? false,
      checkpoint: undefined,
      options: taskOptions(this.runtime, this.#state.options, this.#state.runtimeOptions, {
        ioUid: uid,
        ioGid: gid,
        ...(restore === undefined
          ? {}
          : { criuImagePath: restore, criuWorkPath: restoreWorkDir(this.#state.bundleDir) }),
      }),
      runtimePath: '',
      taskApiAddress: '',
      taskApiVersion: 0,
    };
    try {
      const bounded = { timeoutMs: TIMEOUTS.create, ...call };
      return (await this.#context.channel.unary(TasksDefinition, 'create', request, bounded)).pid;
    } catch (err) {
      if (isAlreadyExists(err)) throw err;
      if (isCanceled(err) || isDeadlineExceeded(err) || isUnavailable(err)) await this.#undoCreate();
      throw classifyStartError(`create task ${this.id}`, asError(err));
    }
  }

  /** The answer never came, the task may have: a cancelled call goes on in the shim. Has its own deadline. */
  async #undoCreate(): Promise<void> {
    const call = { timeoutMs: TIMEOUTS.cleanup };
    try {
      const request = { containerId: this.id, execId: '', signal: 9, all: true };
      await this.#context.channel.unary(TasksDefinition, 'kill', request, call);
      await this.#context.channel.unary(TasksDefinition, 'wait', { containerId: this.id, execId: '' }, call);
      await this.#context.channel.unary(TasksDefinition, 'delete', { containerId: this.id }, call);
    } catch (err) {
      if (!isNotFound(err)) {
        this.#context.log.warn({ err, containerId: this.id }, 'remove a task whose create was given up');
      }
    }
  }

  async #find(attach: AttachStdio | undefined, call: CallOptions): Promise<Task> {
    // Entered before Get is sent: an event that comes after its answer was made must find the run.
    const run = this.#context.table.prepare(this.id);
    try {
      const request = { containerId: this.id, execId: '' };
      const { process } = await this.#context.channel.unary(TasksDefinition, 'get', request, call);
      if (process === undefined) throw taskNotFound(this.id);
      return await this.#adopt(run, process, attach);
    } catch (err) {
      if (isNotFound(err)) throw taskNotFound(this.id, asError(err));
      throw err;
    } finally {
      this.#context.table.abandon(run);
    }
  }

  async #adopt(prepared: Run, process: ProcessRecord, attach: AttachStdio | undefined): Promise<Task> {
    const live = this.#context.table.get(this.id);
    const isSameRun = live !== undefined && (process.pid === 0 || live.snapshot(this.id).pid === process.pid);
    const run = isSameRun ? live : prepared;
    let stdio: Stdio | undefined;
    if (attach !== undefined) {
      if (this.#context.stdio.get(run, this.id) !== undefined) throw this.#attached();
      const { stdin, stdout, stderr, terminal } = process;
      stdio = await reopenStdio({ stdin, stdout, stderr, terminal }, attach);
    }
    const facts = factsOfProcess(this.id, process);
    const origin = { timestamp: new Date(), synthesized: true };
    if (isSameRun) for (const fact of facts) run.apply(fact, origin);
    else {
      const found = [{ kind: 'pid', processId: this.id, pid: process.pid }, { kind: 'created' }] as const;
      this.#context.table.commit(run, [...found, ...facts], origin);
    }
    return this.#taskOf(run, stdio);
  }

  #taskOf(run: Run, stdio: Stdio | undefined): RemoteTask {
    return new RemoteTask(this.#context, run, { runtime: this.runtime, bundleDir: this.#state.bundleDir }, stdio);
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

/** A container as containerd keeps it. @throws DataLossError when its spec cannot be read */
export async function containerOfRecord(context: RemoteContext, record: ContainerRecord): Promise<RemoteContainer> {
  const spec = readSpec(record);
  return new RemoteContainer(context, {
    id: record.id,
    runtime: record.runtime?.name ?? '',
    labels: record.labels,
    spec,
    options: record.runtime?.options,
    runtimeOptions: parseOptions(record.runtime?.options),
    bundleDir: record.labels[BUNDLE_LABEL] ?? (await bundleDirOf(context.stateDir, record.id, spec)),
  });
}

/** A container made by another client may have no spec, or not one of ours; that must not hide it from a list. */
function readSpec(record: ContainerRecord): OciSpec {
  if (record.spec === undefined) return { ociVersion: '' };
  let document: unknown;
  try {
    document = unpackJson(record.spec, 'Spec') ?? {};
  } catch (cause) {
    throw new DataLossError(`read spec of container ${record.id}`, { code: 'ERR_WIRE_DECODE', cause });
  }
  const parsed = parseSpec(document);
  if ('spec' in parsed) return parsed.spec;
  throw new DataLossError(`read spec of container ${record.id}: ${parsed.problem}`, {
    code: 'ERR_WIRE_DECODE',
    fields: { containerId: record.id },
  });
}
