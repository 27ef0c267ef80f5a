import type { Stdio } from '../../cio/stdio.js';
import { isAlreadyExists, isNotFound } from '../../errdefs/index.js';
import { hostRootOf } from '../../oci/id-mapping.js';
import type { CallOptions, NewTaskOptions } from '../types.js';
import { assertAbsolute, assertWritesToFolder, restoreWorkDir } from './checkpoint.js';
import type { ObjectContext } from './context.js';
import { asError } from './process.js';
import { statusOfReply } from './process-facts.js';
import { classifyStartError } from './start-error.js';
import type { ContainerState } from './task-service.js';
import { TIMEOUTS } from './timeouts.js';

/**
 * Asks the backend for a task and gives its pid. Goes on when the caller gives up: `takeBack` then ends it.
 * @throws as `Container.newTask`
 */
export async function createTask(
  context: ObjectContext,
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
    assertWritesToFolder(id, context.shimTypeOf(runtime));
  }
  const request = {
    containerId: id,
    rootfs: (options.rootfs ?? []).map((m) => ({ ...m, target: m.target ?? '', options: [...m.options] })),
    stdin: paths.stdin,
    stdout: paths.stdout,
    stderr: paths.stderr,
    terminal: spec.process?.terminal ?? false,
    checkpoint: undefined,
    runtimePath: '',
    taskApiAddress: '',
    taskApiVersion: 0,
  };
  const values = {
    ioUid: uid,
    ioGid: gid,
    ...(restore === undefined ? {} : { criuImagePath: restore, criuWorkPath: restoreWorkDir(container.bundleDir) }),
  };
  // Not the caller's deadline nor signal: a create that is cancelled half way leaves things behind.
  const own = { timeoutMs: Math.max(call.timeoutMs ?? 0, TIMEOUTS.create) };
  try {
    return (await context.tasks.create({ container, request, options: values }, own)).pid;
  } catch (err) {
    if (isAlreadyExists(err)) throw err;
    if (context.tasks.mayHaveCreated(err)) await undoCreate(context, id, paths);
    throw classifyStartError(`create task ${id}`, asError(err));
  }
}

/** For a caller that gave up: waits for the answer, then takes away what was made. */
export async function takeBack(
  context: ObjectContext,
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
async function undoCreate({ tasks, log }: ObjectContext, containerId: string, paths: Stdio['config']): Promise<void> {
  const call = { signal: AbortSignal.timeout(TIMEOUTS.cleanup), timeoutMs: TIMEOUTS.cleanup, waitForReady: true };
  const process = { containerId, execId: '' };
  try {
    const found = await tasks.get(process, call).then(
      (reply) => reply.process,
      (err: unknown) => {
        if (!isNotFound(err)) throw err;
        return undefined;
      },
    );
    if (found !== undefined) {
      const isOurs = found.stdout === paths.stdout && found.stderr === paths.stderr && found.stdin === paths.stdin;
      if (!isOurs || statusOfReply(found) !== 'created') return;
      await tasks.kill({ ...process, signal: 9, all: true }, call);
      await tasks.wait(process, call);
    }
    // Also when there seems to be none: a containerd that was killed in the middle of a create keeps one that it cannot show.
    await tasks.delete({ containerId }, call);
  } catch (err) {
    if (!isNotFound(err)) log.warn({ err, containerId }, 'remove a task whose create was given up');
  }
}
