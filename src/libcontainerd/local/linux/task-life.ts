import { errorText, isFailedPrecondition, isNotFound, isUnavailable } from '../../../errdefs/index.js';
import type { Any } from '../../../protocol/gen/google/protobuf/any.js';
import type { RpcCallOptions } from '../../../protocol/method.js';
import type { ResolvedRuntime, ShimApi } from '../../../runtimes/index.js';
import type { Bundle } from '../../../shim/bundle.js';
import type { Shim, ShimParams } from '../../../shim/shim.js';
import { containerOptions, taskOptions } from '../../objects/runtime-options.js';
import type { ContainerState, TaskCreation } from '../../objects/task-service.js';
import type { RuntimeOptions } from '../../types.js';
import { observedStart } from './observed-start.js';
import { ShimTask, type ShimTaskOptions } from './shim-task.js';
import type { TaskCore } from './task-core.js';
import { TIMEOUTS } from './timeouts.js';
import type { WarmShim } from './warm-shims.js';

/**
 * Makes a bundle, starts a shim in it (or takes a warm one) and creates the task. What was made is taken back when it
 * fails, with a deadline of its own.
 */
export async function createShimTask(
  core: TaskCore,
  namespace: string,
  creation: TaskCreation,
  call: RpcCallOptions,
  mayBeWarm = true,
): Promise<ShimTask> {
  const { container, request } = creation;
  const { id, spec } = container;
  const runtime = await core.runtimes.resolve(container.runtime);
  const packed = packOptions(core, runtime, creation);
  const bundle = await core.bundles.create({ namespace, id, spec, shimBinary: runtime.shim });
  const params = core.paramsOf(bundle, { binary: runtime.shim, options: packed.start });
  const options = shimTaskOptions(core, runtime.api, params);
  let made: Shim | undefined;
  let warm: WarmShim | undefined;
  let noted: Promise<void> | undefined;
  try {
    if (mayBeWarm) warm = core.warm.take(runtime, params, spec, hasShimCgroup(container));
    noted = warm?.noted;
    const onNoting = (promise: Promise<void>) => {
      noted = promise;
    };
    const shim =
      warm?.shim ??
      (await observedStart({ api: runtime.api, isWarm: false }, () =>
        options.dialect.start(params, { ...call, onNoting }),
      ));
    made = shim;
    // It may fail before it is awaited.
    noted?.catch(() => {});
    const { rootfs, terminal, stdin, stdout, stderr } = request;
    const create = {
      id,
      bundle: bundle.path,
      rootfs,
      terminal,
      stdin,
      stdout,
      stderr,
      checkpoint: restoredFrom(creation),
      parentCheckpoint: '',
      options: packed.create,
    };
    const { pid } = await shim.tasks.create(create, call);
    // With the notes a later life finds the shim; they were made while the OCI runtime was at work.
    await noted;
    await watchOom(core, runtime.api, namespace, id, pid);
    return ShimTask.created(options, shim, pid);
  } catch (err) {
    // What is being written there must not come between.
    await noted?.catch(() => {});
    await takeBack(core, options, made, bundle);
    // It may have died while it waited.
    if (warm !== undefined && isUnavailable(err)) return createShimTask(core, namespace, creation, call, false);
    throw err;
  }
}

/** Ends a task's books: the shim deletes it and goes, and its bundle is removed. */
export async function deleteShimTask(
  core: TaskCore,
  namespace: string,
  task: ShimTask,
  call: RpcCallOptions,
): Promise<{ pid: number; exitStatus: number; exitedAt: Date | undefined }> {
  const { id, params } = task;
  await task.settled(call);
  let reply: { pid: number; exitStatus: number; exitedAt: Date | undefined };
  try {
    reply = task.end ?? (await task.ask((tasks) => tasks.delete({ id, execId: '' }, call), call));
  } catch (err) {
    // The shim died over it: then it is known by now how the task ended.
    if (task.end === undefined || !(isUnavailable(err) || isFailedPrecondition(err))) throw err;
    reply = task.end;
  }
  await task.cleanAgain(call);
  core.oom.unwatch(keyOf(namespace, id));
  const { shimPid } = task;
  const isShared = core.table.all().some((other) => other !== task && shimPid !== 0 && other.shimPid === shimPid);
  await task.release(isShared);
  try {
    const home = await core.warm.homeOf(params.bundle);
    if (home !== undefined) await core.warm.removeHome(home);
    await core.bundles.remove(params.bundle, { timeoutMs: TIMEOUTS.cleanup });
  } catch (err) {
    task.keep({ ...reply, exitedAt: reply.exitedAt ?? new Date() });
    throw err;
  }
  core.table.remove(namespace, task);
  return reply;
}

export function shimTaskOptions(core: TaskCore, api: ShimApi, params: ShimParams): ShimTaskOptions {
  const { namespace, id } = params;
  return {
    dialect: core.dialects[api],
    params,
    publish: (event) => core.publish(namespace, event),
    publishesOom: api === 'v2',
    beforeExit: async () => {
      if (api === 'v1') await core.oom.check(keyOf(namespace, id)).catch(() => 0);
    },
    signal: core.signal,
  };
}

/** A v1 shim tells nobody of OOM kills, containerd itself watches for it; v2 shims do. */
export async function watchOom(
  core: TaskCore,
  api: ShimApi,
  namespace: string,
  id: string,
  pid: number,
): Promise<void> {
  if (api !== 'v1' || pid === 0) return;
  try {
    await core.oom.watch(keyOf(namespace, id), pid);
  } catch (err) {
    // Without a memory controller there are no OOM kills to tell of.
    core.log.debug({ err, containerId: id }, 'watch for oom kills');
  }
}

export function keyOf(namespace: string, id: string): string {
  return `${namespace}/${id}`;
}

interface PackedOptions {
  readonly start: Any | undefined;
  readonly create: Any | undefined;
}

function packOptions(core: TaskCore, runtime: ResolvedRuntime, { container, options }: TaskCreation): PackedOptions {
  const shimType = core.runtimes.shimTypeOf(container.runtime);
  const merged = mergeOptions(core, runtime, container.runtimeOptions);
  const base = containerOptions(shimType, merged);
  const create = taskOptions(shimType, base, merged, options);
  // v2 shims get the task's options at their start; v1 shims flags that stand in the container's.
  return { start: runtime.api === 'v1' ? base : create, create };
}

function mergeOptions(
  core: TaskCore,
  runtime: ResolvedRuntime,
  own: RuntimeOptions | undefined,
): RuntimeOptions | undefined {
  const defaults = runtime.options;
  if (own?.kind === 'generic' || (own === undefined && defaults?.kind === 'generic')) return own ?? defaults;
  if (own === undefined && defaults === undefined && !takesRuncOptions(runtime)) return undefined;
  const given = Object.entries(own ?? {}).filter(([, value]) => value !== undefined);
  return {
    root: core.runcRoot,
    ...(defaults?.kind === 'runc' ? defaults : {}),
    ...Object.fromEntries(given),
    kind: 'runc',
  };
}

/** For the task alone, or for every task of the container; '' for a fresh start. */
function restoredFrom({ container, options }: TaskCreation): string {
  const own = container.runtimeOptions?.kind === 'runc' ? container.runtimeOptions.criuImagePath : undefined;
  return options.criuImagePath ?? own ?? '';
}

/** A warm shim lives in the cgroup of ours. */
function hasShimCgroup({ runtimeOptions }: ContainerState): boolean {
  return runtimeOptions?.kind === 'runc' && (runtimeOptions.shimCgroup ?? '') !== '';
}

function takesRuncOptions({ api, shimName }: ResolvedRuntime): boolean {
  return api === 'v1' || /^containerd-shim-(?:runc|crun)-v\d+$/.test(shimName);
}

async function takeBack(
  core: TaskCore,
  options: ShimTaskOptions,
  shim: Shim | undefined,
  bundle: Bundle,
): Promise<void> {
  const { dialect, params } = options;
  const { id, log } = params;
  const call = { timeoutMs: TIMEOUTS.cleanup };
  try {
    if (shim !== undefined) {
      const { tasks } = shim;
      await tasks.kill({ id, execId: '', signal: 9, all: true }, call).catch(() => {});
      const isDeleted = await tasks.delete({ id, execId: '' }, call).then(
        () => true,
        (err: unknown) => isNotFound(err),
      );
      await tasks.shutdown({ id, now: false }, { timeoutMs: TIMEOUTS.shutdown }).catch(() => {});
      shim.close();
      if (!isDeleted) await dialect.cleanup(params, call);
    }
    await core.bundles.remove(bundle, call);
  } catch (err) {
    log.error(
      { err, containerId: id, bundle: bundle.path },
      `take back a task that could not be created: ${errorText(err)}`,
    );
  }
}
