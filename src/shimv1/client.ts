import { isFailedPrecondition, isNotFound, isUnknown, NotFoundError, toEngineError } from '../errdefs/index.js';
import { packAny, typeNameOf, unpackAny } from '../protocol/any.js';
import { CreateOptions } from '../protocol/gen/containerd/options/linux_runc.js';
import { ProcessDetails } from '../protocol/gen/containerd/options/runc.js';
import type { ShimDefinition } from '../protocol/gen/containerd/shim/shim_v1.js';
import type { Any } from '../protocol/gen/google/protobuf/any.js';
import type { RpcCallOptions, UnaryCalls } from '../protocol/method.js';
import type { ShimParams, ShimTasks } from '../shim/shim.js';
import { joinCgroup } from '../shim/shim-cgroup.js';
import type { LaunchOptions } from './launch-options.js';
import { endIdleShim } from './shutdown.js';
import { TaskMetrics } from './task-metrics.js';

export interface TasksOptions {
  readonly calls: UnaryCalls<typeof ShimDefinition>;
  readonly params: ShimParams;
  readonly options: LaunchOptions;
  readonly socket: string;
  /** The shim's. */
  readonly pid: number;
}

const CREATE_OPTIONS = 'containerd.linux.runc.CreateOptions';
const V1_DETAILS = 'containerd.linux.runc.ProcessDetails';
const V2_DETAILS = 'containerd.runc.v1.ProcessDetails';

/**
 * The task service of API v2 on a shim of API v1. There, one map holds the container's first process under the
 * container's id and execs under theirs; a shim has one container, so most requests name none. Measured on 1.6.20:
 *
 * - Wait before Start waits; between exit and Delete it answers at once; after Delete it is NotFound. For an exec that
 *   was never started it waits on, even when init is deleted; for one that failed to start it answers 0 at once.
 * - A task may be created again in the same shim, after a Create that failed and after Delete.
 * - A call on the container after Delete is FailedPrecondition "container must be created", and a resize of an unknown
 *   process Unknown: both are made NotFound here, as shims of API v2 answer.
 * - What the state does not allow (pause twice, exec while paused, delete while running) is Unknown, with words only.
 * - Create, Start, and Delete of init hold a lock that all other calls wait for, but not a Wait that is under way.
 */
export function tasksOver({ calls, params, options, socket, pid }: TasksOptions): ShimTasks {
  const metrics = new TaskMetrics();
  const idOf = ({ id, execId }: { id: string; execId: string }) => (execId === '' ? id : execId);
  const isInit = (request: { id: string; execId: string }) => idOf(request) === request.id;

  return {
    state: async (request, call) => {
      const { execId } = request;
      const state = await calls.state({ id: idOf(request) }, call);
      return { ...state, id: request.id, execId };
    },
    create: async (request, call) => {
      const { shimCgroup = '' } = createOptionsOf(request.options) ?? {};
      if (shimCgroup !== '') await joinCgroup(pid, shimCgroup);
      const reply = await calls.create({ ...request, runtime: options.runtime }, call);
      metrics.track(reply.pid);
      return reply;
    },
    start: async (request, call) => {
      const reply = await calls.start({ id: idOf(request) }, call);
      return { pid: reply.pid };
    },
    delete: (request, call) =>
      isInit(request) ? ofTask(request.id, calls.delete({}, call)) : calls.deleteProcess({ id: request.execId }, call),
    pids: async ({ id }, call) => {
      const { processes } = await ofTask(id, calls.listPids({ id }, call));
      return { processes: processes.map(({ pid: each, info }) => ({ pid: each, info: detailsOf(id, info) })) };
    },
    pause: ({ id }, call) => ofTask(id, calls.pause({}, call)),
    resume: ({ id }, call) => ofTask(id, calls.resume({}, call)),
    checkpoint: ({ id, path, options: packed }, call) => ofTask(id, calls.checkpoint({ path, options: packed }, call)),
    kill: (request, call) => {
      const { signal, all } = request;
      return ofTask(request.id, calls.kill({ id: idOf(request), signal, all }, call));
    },
    exec: ({ id, execId, ...process }, call) => ofTask(id, calls.exec({ id: execId, ...process }, call)),
    resizePty: (request, call) => {
      const { width, height } = request;
      return ofProcess(idOf(request), calls.resizePty({ id: idOf(request), width, height }, call));
    },
    closeIO: (request, call) => calls.closeIO({ id: idOf(request), stdin: request.stdin }, call),
    update: ({ id, resources }, call) => ofTask(id, calls.update({ resources }, call)),
    wait: (request, call) => calls.wait({ id: idOf(request) }, call),
    stats: async ({ id }, call) => {
      if (!metrics.isTracking) metrics.track((await calls.state({ id }, call)).pid);
      return { stats: await metrics.read() };
    },
    connect: async ({ id }, call) => ({ shimPid: pid, taskPid: await taskPid(calls, id, call), version: 'v1' }),
    shutdown: async ({ id }, call) => {
      // As a shim of API v2, which goes on while it has a task.
      if ((await taskPid(calls, id, call)) === 0) await endIdleShim({ pid, socket, params }, call);
      return {};
    },
  };
}

function createOptionsOf(packed: Any | undefined): CreateOptions | undefined {
  return packed === undefined ? undefined : unpackAny(packed, CREATE_OPTIONS, CreateOptions);
}

/** Version 1 names every process it started, init by the container's id; version 2 names execs only. */
function detailsOf(id: string, info: Any | undefined): Any | undefined {
  if (info === undefined || typeNameOf(info) !== V1_DETAILS) return info;
  const details = unpackAny(info, V1_DETAILS, ProcessDetails);
  return details === undefined || details.execId === id ? undefined : packAny(V2_DETAILS, ProcessDetails, details);
}

/** 0 when there is no task, as shims of API v2 say it. */
async function taskPid(calls: TasksOptions['calls'], id: string, call: RpcCallOptions | undefined): Promise<number> {
  try {
    return (await calls.state({ id }, call)).pid;
  } catch (err) {
    if (isNotFound(err)) return 0;
    throw err;
  }
}

async function ofTask<T>(id: string, reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (err) {
    if (!isFailedPrecondition(err) || !saysIt(err, 'container must be created')) throw err;
    throw new NotFoundError(`ask shim: it has no task ${id}`, { cause: err });
  }
}

async function ofProcess<T>(id: string, reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (err) {
    if (!isUnknown(err) || !saysIt(err, 'process does not exist')) throw err;
    throw new NotFoundError(`ask shim: it has no process ${id}`, { cause: err });
  }
}

function saysIt(err: unknown, words: string): boolean {
  return toEngineError(err).message.includes(words);
}
