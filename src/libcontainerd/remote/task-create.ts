import type { Stdio } from '../../cio/stdio.js';
import { errorText, isAlreadyExists, isDeadlineExceeded, isNotFound, isUnavailable } from '../../errdefs/index.js';
import { hostRootOf } from '../../oci/id-mapping.js';
import type { OciSpec } from '../../oci/runtime-spec.js';
import { TasksDefinition } from '../../protocol/gen/containerd/services/tasks.js';
import type { Any } from '../../protocol/gen/google/protobuf/any.js';
import { wasSent } from '../../protocol/grpc/service-error.js';
import type { CallOptions, NewTaskOptions, RuntimeOptions } from '../types.js';
import { assertAbsolute, assertWritesToFolder, restoreWorkDir } from './checkpoint.js';
import type { RemoteContext } from './context.js';
import { asError } from './process.js';
import { statusOfReply } from './process-facts.js';
import { taskOptions } from './runtime-options.js';
import { classifyStartError } from './start-error.js';
import { TIMEOUTS } from './timeouts.js';

/** What a container object keeps, so that no call reads it again. */
export interface ContainerState {
  readonly id: string;
  readonly runtime: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: OciSpec;
  readonly options: Any | undefined;
  readonly runtimeOptions: RuntimeOptions | undefined;
  readonly bundleDir: string;
  /** This client made it: no other is expected to give it a task. */
  readonly isOurs: boolean;
}

/**
 * Asks containerd for a task and gives its pid. Goes on when the caller gives up: `takeBack` then ends it.
 * @throws as `Container.newTask`
 */
export async function createTask(
  context: RemoteContext,
  container: ContainerState,
  options: NewTaskOptions,
  paths: Stdio['config'],
  call: CallOptions,
): Promise<number> {
  const { id, runtime, spec } = container;
  const { uid, gid } = hostRootOf(spec);
  const restore = options.checkpointDir;
  if (restore !== undefined) {
    assertAbsolute(restore);
    assertWritesToFolder(id, runtime);
  }
  const request = {
    containerId: id,
    rootfs: (options.rootfs ?? []).map((m) => ({ ...m, target: m.target ?? '', options: [...m.options] })),
    stdin: paths.stdin,
    stdout: paths.stdout,
    stderr: paths.stderr,
    terminal: spec.process?.terminal ?? false,
    checkpoint: undefined,
    options: taskOptions(runtime, container.options, container.runtimeOptions, {
      ioUid: uid,
      ioGid: gid,
      ...(restore === undefined ? {} : { criuImagePath: restore, criuWorkPath: restoreWorkDir(container.bundleDir) }),
    }),
    runtimePath: '',
    taskApiAddress: '',
    taskApiVersion: 0,
  };
  // Not the caller's deadline nor signal: a create that is cancelled half way leaves things behind in containerd.
  const own = { timeoutMs: Math.max(call.timeoutMs ?? 0, TIMEOUTS.create) };
  const create = () => context.channel.unary(TasksDefinition, 'create', request, own);
  try {
    return (await create().catch((err) => afterLeftover(context, id, err, create))).pid;
  } catch (err) {
    if (isAlreadyExists(err)) throw err;
    if (isDeadlineExceeded(err) || (isUnavailable(err) && wasSent(err))) await undoCreate(context, id, paths);
    throw classifyStartError(`create task ${id}`, asError(err));
  }
}

/**
 * A containerd that was killed in the middle of a create keeps a task that it cannot show and that blocks the id.
 * Deleting it says "not created", and takes the shim and the bundle away all the same.
 */
async function afterLeftover<T>(
  { channel }: RemoteContext,
  containerId: string,
  err: unknown,
  create: () => Promise<T>,
): Promise<T> {
  if (!isAlreadyExists(err) && !/file exists/.test(errorText(err))) throw err;
  const process = { containerId, execId: '' };
  const exists = await channel.unary(TasksDefinition, 'get', process).then(
    () => true,
    (cause: unknown) => !isNotFound(cause),
  );
  if (exists) throw err;
  await channel.unary(TasksDefinition, 'delete', { containerId }).catch(() => {});
  return create();
}

/** For a caller that gave up: waits for the answer, then takes away what was made. */
export async function takeBack(
  context: RemoteContext,
  containerId: string,
  creating: Promise<number>,
  paths: Stdio['config'],
): Promise<void> {
  const isMade = await creating.then(
    () => true,
    () => false,
  );
  if (isMade) await undoCreate(context, containerId, paths);
}

/**
 * The task is not wanted, or nobody knows whether it was made. Only one that was not started and has our stdio is
 * taken away. Has its own deadline, in which a containerd that went away may come back. Never throws.
 */
async function undoCreate({ channel, log }: RemoteContext, containerId: string, paths: Stdio['config']): Promise<void> {
  const call = { signal: AbortSignal.timeout(TIMEOUTS.cleanup), timeoutMs: TIMEOUTS.cleanup, waitForReady: true };
  const process = { containerId, execId: '' };
  try {
    const found = await channel.unary(TasksDefinition, 'get', process, call).then(
      (reply) => reply.process,
      (err: unknown) => {
        if (!isNotFound(err)) throw err;
        return undefined;
      },
    );
    if (found !== undefined) {
      const isOurs = found.stdout === paths.stdout && found.stderr === paths.stderr && found.stdin === paths.stdin;
      if (!isOurs || statusOfReply(found) !== 'created') return;
      await channel.unary(TasksDefinition, 'kill', { ...process, signal: 9, all: true }, call);
      await channel.unary(TasksDefinition, 'wait', process, call);
    }
    // Also when there seems to be none: see `afterLeftover`.
    await channel.unary(TasksDefinition, 'delete', { containerId }, call);
  } catch (err) {
    if (!isNotFound(err)) log.warn({ err, containerId }, 'remove a task whose create was given up');
  }
}
