import { isNotImplemented } from '../errdefs/index.js';
import { TaskDefinition as TaskV2 } from '../protocol/gen/containerd/shim/task_v2.js';
import { TaskDefinition as TaskV3 } from '../protocol/gen/containerd/shim/task_v3.js';
import type { GrpcChannel } from '../protocol/grpc/channel.js';
import type { MethodName, RequestOf, ResponseOf, RpcCallOptions } from '../protocol/method.js';
import type { TtrpcClient } from '../protocol/ttrpc/index.js';
import type { ShimTasks } from '../shim/shim.js';

/** The task service of a shim, and which version of it answers. */
export interface TaskApi {
  readonly tasks: ShimTasks;
  readonly version: 2 | 3;
}

/** Over ttrpc, in the version that the shim named at its start. */
export function ttrpcTasks(client: TtrpcClient, version: 2 | 3): TaskApi {
  const v2: ShimTasks = client.service(TaskV2);
  return version === 2 ? { tasks: v2, version } : new DowngradingTasks(client.service(TaskV3), v2);
}

/** Over gRPC, where shims have version 3 only. */
export function grpcTasks(channel: GrpcChannel): TaskApi {
  const method =
    <M extends MethodName<TaskV3, false>>(name: M) =>
    (request: RequestOf<TaskV3, M>, call?: RpcCallOptions): Promise<ResponseOf<TaskV3, M>> =>
      channel.unary(TaskV3, name, request, call);
  return {
    version: 3,
    tasks: {
      state: method('state'),
      create: method('create'),
      start: method('start'),
      delete: method('delete'),
      pids: method('pids'),
      pause: method('pause'),
      resume: method('resume'),
      checkpoint: method('checkpoint'),
      kill: method('kill'),
      exec: method('exec'),
      resizePty: method('resizePty'),
      closeIO: method('closeIO'),
      update: method('update'),
      wait: method('wait'),
      stats: method('stats'),
      connect: method('connect'),
      shutdown: method('shutdown'),
    },
  };
}

/**
 * Version 3 until the shim says that it has not got it: shims made with the library of containerd 2 named version 3
 * before they served it. Only the first Connect or Create decides; a NotImplemented after that is the method's own.
 *
 * Upstream: the downgrade in containerd core/runtime/v2/task_manager.go and shim_load.go.
 */
export class DowngradingTasks implements TaskApi {
  #version: 2 | 3 = 3;
  #isDecided = false;
  readonly tasks: ShimTasks;
  readonly #v2: ShimTasks;
  readonly #v3: ShimTasks;

  constructor(v3: ShimTasks, v2: ShimTasks) {
    this.#v2 = v2;
    this.#v3 = v3;
    this.tasks = {
      state: (request, call) => this.#current.state(request, call),
      create: (request, call) => this.#decideBy((tasks) => tasks.create(request, call)),
      start: (request, call) => this.#current.start(request, call),
      delete: (request, call) => this.#current.delete(request, call),
      pids: (request, call) => this.#current.pids(request, call),
      pause: (request, call) => this.#current.pause(request, call),
      resume: (request, call) => this.#current.resume(request, call),
      checkpoint: (request, call) => this.#current.checkpoint(request, call),
      kill: (request, call) => this.#current.kill(request, call),
      exec: (request, call) => this.#current.exec(request, call),
      resizePty: (request, call) => this.#current.resizePty(request, call),
      closeIO: (request, call) => this.#current.closeIO(request, call),
      update: (request, call) => this.#current.update(request, call),
      wait: (request, call) => this.#current.wait(request, call),
      stats: (request, call) => this.#current.stats(request, call),
      connect: (request, call) => this.#decideBy((tasks) => tasks.connect(request, call)),
      shutdown: (request, call) => this.#current.shutdown(request, call),
    };
  }

  get version(): 2 | 3 {
    return this.#version;
  }

  get #current(): ShimTasks {
    return this.#version === 3 ? this.#v3 : this.#v2;
  }

  async #decideBy<T>(ask: (tasks: ShimTasks) => Promise<T>): Promise<T> {
    if (this.#isDecided) return ask(this.#current);
    try {
      const answer = await ask(this.#v3);
      this.#decide(3);
      return answer;
    } catch (err) {
      if (!isNotImplemented(err)) throw err;
      return this.#askOlder(ask, err);
    }
  }

  async #askOlder<T>(ask: (tasks: ShimTasks) => Promise<T>, refusal: unknown): Promise<T> {
    try {
      const answer = await ask(this.#v2);
      this.#decide(2);
      return answer;
    } catch (err) {
      // Neither has the method: that says nothing about which of them is served.
      if (isNotImplemented(err)) throw refusal;
      // A status of any other class would come from the service itself; a broken connection from nobody.
      throw err;
    }
  }

  #decide(version: 2 | 3): void {
    this.#isDecided = true;
    this.#version = version;
  }
}
