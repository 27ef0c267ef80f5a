import { mkdir, readdir, rm } from 'node:fs/promises';
import { ConflictError, FailedPreconditionError } from '../../errdefs/index.js';
import type { CallOptions } from '../../libcontainerd/types.js';
import type { ManagedContainer } from '../container/managed-container.js';
import { saveOrWarn } from '../container/save-or-warn.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { checkpointFolder, checkpointPath, checkpointsFolder } from './checkpoint-folder.js';
import { hasEnded } from './kill.js';
import { movingRunOf } from './preconditions.js';

export interface CheckpointCreateOptions {
  readonly name: string;
  /** End the container once it is written. @default false */
  readonly exit?: boolean | undefined;
  /** @default `checkpoints` in the container's folder */
  readonly dir?: string | undefined;
}

const EXIT_MS = 30_000;

/**
 * Writes the processes of a running container into a folder, from which `start` goes on.
 * @throws ConflictError when the name is taken or the container does not run; FailedPreconditionError when it has a
 * terminal; InternalError `ERR_CHECKPOINT_FAILED` with CRIU's own words, and then nothing is left of it
 */
export async function createCheckpoint(
  engine: EngineContext,
  c: ManagedContainer,
  options: CheckpointCreateOptions,
  call: CallOptions = {},
): Promise<void> {
  const path = checkpointPath(engine, c, options.name, options.dir);
  const run = await c.lock.run(
    `checkpoint container ${c.id}`,
    async () => {
      const current = movingRunOf(c);
      if (c.record.config.Tty === true) {
        throw new FailedPreconditionError('checkpoint support on containers with TTY enabled is not available', {
          fields: { containerId: c.id },
        });
      }
      await mkdir(checkpointsFolder(engine, c, options.dir), { recursive: true, mode: 0o700 });
      await makeFolder(path, options.name, c);
      const before = { isCanceled: c.restart.isCanceled, manuallyStopped: c.record.manuallyStopped };
      if (options.exit === true) {
        // It ends because it was asked to.
        c.restart.cancel();
        c.amend({ manuallyStopped: true });
        await saveOrWarn(engine, c);
      }
      try {
        await current.task.checkpoint(path, { ...call, exit: options.exit });
      } catch (err) {
        await rm(path, { recursive: true, force: true });
        if (options.exit === true && !before.isCanceled) {
          // It goes on as if nobody had asked.
          c.restart.reset();
          c.amend({ manuallyStopped: before.manuallyStopped });
          await saveOrWarn(engine, c);
        }
        throw err;
      }
      return current;
    },
    call,
  );
  if (options.exit === true) await hasEnded(c, run, { signal: call.signal, timeoutMs: EXIT_MS });
  engine.events.publish('container', 'checkpoint', c.id, containerAttributes(c.record));
}

async function makeFolder(path: string, name: string, c: ManagedContainer): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (err) {
    if (!(err instanceof Error) || !('code' in err) || err.code !== 'EEXIST') throw err;
    throw new ConflictError(`checkpoint with name ${name} already exists for container ${c.record.name}`, {
      cause: err,
      fields: { containerId: c.id, path },
    });
  }
}

/** Names of the checkpoints, in order. */
export async function listCheckpoints(
  engine: EngineContext,
  c: ManagedContainer,
  dir?: string,
): Promise<{ Name: string }[]> {
  const folder = checkpointsFolder(engine, c, dir);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return names.sort().map((Name) => ({ Name }));
}

/** @throws NotFoundError */
export async function deleteCheckpoint(
  engine: EngineContext,
  c: ManagedContainer,
  name: string,
  dir?: string,
): Promise<void> {
  await rm(await checkpointFolder(engine, c, name, dir), { recursive: true });
}
