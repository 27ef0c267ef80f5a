import PQueue from 'p-queue';
import {
  AlreadyExistsError,
  isFailedPrecondition,
  isNotFound,
  NotFoundError,
  toEngineError,
} from '../../../errdefs/index.js';
import { unpackAny } from '../../../protocol/any.js';
import { CheckpointOptions as V1CheckpointOptions } from '../../../protocol/gen/containerd/options/linux_runc.js';
import { CheckpointOptions as RuncCheckpointOptions } from '../../../protocol/gen/containerd/options/runc.js';
import type {
  CheckpointTaskRequest,
  CreateTaskResponse,
  DeleteResponse,
  GetResponse,
  KillRequest,
  ListTasksResponse,
  MetricsRequest,
  MetricsResponse,
} from '../../../protocol/gen/containerd/services/tasks.js';
import { Status } from '../../../protocol/gen/containerd/types/task.js';
import type { Metric } from '../../../protocol/gen/containerd/types/types.js';
import type { RpcCallOptions } from '../../../protocol/method.js';
import { remaining, withDefault } from '../../deadline.js';
import type { TaskCreation, TaskService } from '../../objects/task-service.js';
import type { ExitStatus } from '../../types.js';
import { finished, type ShimTask } from './shim-task.js';
import type { TaskCore } from './task-core.js';
import { createShimTask, deleteShimTask } from './task-life.js';
import { TIMEOUTS } from './timeouts.js';

type Call = RpcCallOptions | undefined;

const SAMPLED_AT_ONCE = 8;

/**
 * containerd's Tasks service for one namespace, with no containerd: answered by the shims of the containers. Requests,
 * replies and refusals are containerd's (`services/tasks`, `core/runtime/v2`).
 */
export class NamespaceTasks implements TaskService {
  readonly #core: TaskCore;
  readonly #namespace: string;

  constructor(core: TaskCore, namespace: string) {
    this.#core = core;
    this.#namespace = namespace;
  }

  async create(creation: TaskCreation, call?: RpcCallOptions): Promise<CreateTaskResponse> {
    const { id } = creation.container;
    const release = this.#core.table.reserve(this.#namespace, id);
    if (release === undefined) {
      throw new AlreadyExistsError(`create task ${id}: it exists`, { fields: { containerId: id } });
    }
    try {
      const task = await createShimTask(this.#core, this.#namespace, creation, withDefault(call ?? {}, TIMEOUTS.call));
      this.#core.table.enter(this.#namespace, task);
      // The core closed meanwhile: the next life finds the task, and this one must not stay for it.
      if (this.#core.signal.aborted) task.detach();
      task.announce('create');
      return { containerId: id, pid: task.pid };
    } finally {
      release();
    }
  }

  /** A create that failed has taken back what it made. */
  mayHaveCreated(): boolean {
    return false;
  }

  async start(request: { containerId: string; execId: string }, call?: RpcCallOptions): Promise<{ pid: number }> {
    const task = this.#task(request.containerId);
    try {
      return { pid: await task.start(request.execId, bounded(call)) };
    } finally {
      this.#core.warm.refill();
    }
  }

  async delete({ containerId }: { containerId: string }, call?: RpcCallOptions): Promise<DeleteResponse> {
    const task = this.#task(containerId);
    const reply = await deleteShimTask(this.#core, this.#namespace, task, bounded(call));
    return { id: containerId, ...reply };
  }

  async deleteProcess(
    request: { containerId: string; execId: string },
    call?: RpcCallOptions,
  ): Promise<DeleteResponse> {
    const { containerId: id, execId } = request;
    const task = this.#task(id);
    await task.settled(bounded(call));
    const { end } = task;
    const reply =
      end === undefined
        ? await task.ask((tasks) => tasks.delete({ id, execId }, bounded(call)), bounded(call))
        : { pid: 0, ...replyOf(await task.wait(execId, bounded(call))) };
    task.removed(execId);
    return { id: execId, ...reply };
  }

  async get(request: { containerId: string; execId: string }, call?: RpcCallOptions): Promise<GetResponse> {
    return { process: await this.#state(this.#task(request.containerId), request.execId, bounded(call)) };
  }

  async list(_request: { filter: string }, call?: RpcCallOptions): Promise<ListTasksResponse> {
    const options = { ...bounded(call), timeoutMs: Math.min(call?.timeoutMs ?? TIMEOUTS.listed, TIMEOUTS.listed) };
    const states = this.#core.table.of(this.#namespace).map(async (task) => {
      try {
        return await this.#state(task, '', options);
      } catch (err) {
        if (isNotFound(err)) return undefined;
        task.params.log.warn({ err, containerId: task.id }, 'ask for the state of a task');
        return unknownState(task);
      }
    });
    return { tasks: (await Promise.all(states)).filter((state) => state !== undefined) };
  }

  async kill(request: KillRequest, call?: RpcCallOptions): Promise<object> {
    const { containerId: id, execId, signal, all } = request;
    const task = this.#task(id);
    return this.#unlessDead(task, () =>
      task.ask((tasks) => tasks.kill({ id, execId, signal, all }, bounded(call)), bounded(call)),
    );
  }

  async exec(request: Parameters<TaskService['exec']>[0], call?: RpcCallOptions): Promise<object> {
    const { containerId: id, execId, terminal, stdin, stdout, stderr, spec } = request;
    const task = this.#task(id);
    await task.ask(
      (tasks) => tasks.exec({ id, execId, terminal, stdin, stdout, stderr, spec }, bounded(call)),
      bounded(call),
    );
    task.added(execId);
    return {};
  }

  resizePty(request: Parameters<TaskService['resizePty']>[0], call?: RpcCallOptions): Promise<object> {
    const { containerId: id, execId, width, height } = request;
    return this.#ask(id, call, (task, options) =>
      task.ask((tasks) => tasks.resizePty({ id, execId, width, height }, options), options),
    );
  }

  closeIO(request: Parameters<TaskService['closeIO']>[0], call?: RpcCallOptions): Promise<object> {
    const { containerId: id, execId, stdin } = request;
    return this.#ask(id, call, (task, options) =>
      task.ask((tasks) => tasks.closeIO({ id, execId, stdin }, options), options),
    );
  }

  pause({ containerId: id }: { containerId: string }, call?: RpcCallOptions): Promise<object> {
    return this.#ask(id, call, async (task, options) => {
      await task.ask((tasks) => tasks.pause({ id }, options), options);
      task.announce('paused');
      return {};
    });
  }

  resume({ containerId: id }: { containerId: string }, call?: RpcCallOptions): Promise<object> {
    return this.#ask(id, call, async (task, options) => {
      await task.ask((tasks) => tasks.resume({ id }, options), options);
      task.announce('resumed');
      return {};
    });
  }

  listPids({ containerId: id }: { containerId: string }, call?: RpcCallOptions) {
    return this.#ask(id, call, (task, options) => task.ask((tasks) => tasks.pids({ id }, options), options));
  }

  async checkpoint(request: CheckpointTaskRequest, call?: RpcCallOptions): Promise<{ descriptors: never[] }> {
    const { containerId: id, options } = request;
    const path = imagePathOf(request);
    const task = this.#task(id);
    await task.ask((tasks) => tasks.checkpoint({ id, path, options }, bounded(call)), bounded(call));
    task.announce('checkpointed');
    return { descriptors: [] };
  }

  update(request: Parameters<TaskService['update']>[0], call?: RpcCallOptions): Promise<object> {
    const { containerId: id, resources, annotations } = request;
    return this.#ask(id, call, (task, options) =>
      task.ask((tasks) => tasks.update({ id, resources, annotations }, options), options),
    );
  }

  /**
   * Only filters of the form `id==<id>` have a meaning here, and one match is enough. A few are asked at a time: hundreds of shims that
   * all answer at once leave this process no turn on the CPU.
   */
  async metrics({ filters }: MetricsRequest, call?: RpcCallOptions): Promise<MetricsResponse> {
    const ids = new Set(filters.map((filter) => /^id=="([^"]*)"$/.exec(filter)?.[1]));
    const tasks = this.#core.table.of(this.#namespace).filter(({ id }) => ids.size === 0 || ids.has(id));
    const rest = remaining(bounded(call));
    const queue = new PQueue({ concurrency: SAMPLED_AT_ONCE });
    const samples = await queue.addAll(tasks.map((task) => () => sampleOf(task, rest())));
    return { metrics: samples.filter((sample) => sample !== undefined) };
  }

  async wait(request: { containerId: string; execId: string }, call?: RpcCallOptions) {
    const exit = await this.#task(request.containerId).wait(request.execId, call ?? {});
    return replyOf(exit);
  }

  #task(id: string): ShimTask {
    const task = this.#core.table.get(this.#namespace, id);
    if (task !== undefined) return task;
    throw new NotFoundError(`find task ${id}: there is none`, { fields: { containerId: id } });
  }

  #ask<T>(id: string, call: Call, ask: (task: ShimTask, options: RpcCallOptions) => Promise<T>): Promise<T> {
    const task = this.#task(id);
    return ask(task, bounded(call));
  }

  /** A container whose shim died was ended: there is nothing to kill. */
  async #unlessDead<T>(task: ShimTask, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (err) {
      if (isFailedPrecondition(err) && task.state === 'dead') throw finished(task.id, toEngineError(err));
      throw err;
    }
  }

  async #state(task: ShimTask, execId: string, call: RpcCallOptions): Promise<NonNullable<GetResponse['process']>> {
    const { id } = task;
    await task.settled(call);
    const { end } = task;
    if (end !== undefined) {
      if (execId !== '') throw task.notFound(execId);
      const { exitStatus, exitedAt } = end;
      return { ...unknownState(task), pid: end.pid, status: Status.STOPPED, exitStatus, exitedAt };
    }
    const {
      bundle: _bundle,
      execId: _execId,
      ...state
    } = await task.ask((tasks) => tasks.state({ id, execId }, call), call);
    return { ...state, containerId: id, id: execId === '' ? id : execId };
  }
}

/** `undefined` when it has none now, or does not answer. */
async function sampleOf(task: ShimTask, call: RpcCallOptions): Promise<Metric | undefined> {
  const options = { ...call, timeoutMs: Math.min(call.timeoutMs ?? TIMEOUTS.listed, TIMEOUTS.listed) };
  try {
    const { stats } = await task.ask((api) => api.stats({ id: task.id }, options), options);
    return { timestamp: new Date(), id: task.id, data: stats };
  } catch (err) {
    task.params.log.debug({ err, containerId: task.id }, 'sample a task');
    return undefined;
  }
}

function unknownState(task: ShimTask): NonNullable<GetResponse['process']> {
  const { id, pid } = task;
  const none = { stdin: '', stdout: '', stderr: '', terminal: false, exitStatus: 0, exitedAt: undefined };
  return { containerId: id, id, pid, status: Status.UNKNOWN, ...none };
}

function bounded(call: Call): RpcCallOptions {
  return withDefault(call ?? {}, TIMEOUTS.call);
}

function replyOf(exit: ExitStatus): { exitStatus: number; exitedAt: Date | undefined } {
  return { exitStatus: exit.code, exitedAt: exit.exitedAt };
}

/** Where the options of either kind say that the image goes; a shim takes it beside them (containerd's `getCheckpointPath`). */
function imagePathOf({ options }: CheckpointTaskRequest): string {
  if (options === undefined) return '';
  const runc = unpackAny(options, 'containerd.runc.v1.CheckpointOptions', RuncCheckpointOptions);
  if (runc !== undefined) return runc.imagePath;
  return unpackAny(options, 'containerd.linux.runc.CheckpointOptions', V1CheckpointOptions)?.imagePath ?? '';
}
