import { ConflictError, isNotFound, isNotModified, toEngineError } from '../../errdefs/index.js';
import type { CallOptions } from '../../libcontainerd/types.js';
import type { ManagedContainer } from '../container/managed-container.js';
import { saveOrWarn } from '../container/save-or-warn.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { cancelRestart, killAndWait } from './kill.js';
import { assertThere, conflict, runOf } from './preconditions.js';
import { releaseResources } from './release.js';

export interface RemoveOptions {
  /** End it first when it runs. @default false */
  readonly force?: boolean | undefined;
  /** Its anonymous volumes too. @default false */
  readonly volumes?: boolean | undefined;
}

/** Longer than any cleanup of an exit, which comes first. */
const LEFTOVER_MS = 45_000;

/**
 * Removes a container with all that is its own. One that cannot be removed wholly is `dead`, and can be removed again.
 * @throws ConflictError when it runs and `force` is not set, or while somebody else removes it
 */
export async function removeContainer(
  engine: EngineContext,
  c: ManagedContainer,
  options: RemoveOptions = {},
  call: CallOptions = {},
): Promise<void> {
  assertThere(c);
  if (c.isRemoving) {
    throw new ConflictError(`removal of container ${c.id} is already in progress`, { fields: { containerId: c.id } });
  }
  c.isRemoving = true;
  try {
    // A start that was under way, or one by its restart policy, may come in between.
    do await endFirst(engine, c, options, call);
    while (!(await c.lock.run(`remove container ${c.id}`, () => removeNow(engine, c, options), call)));
  } finally {
    c.isRemoving = false;
  }
}

async function endFirst(
  engine: EngineContext,
  c: ManagedContainer,
  { force }: RemoveOptions,
  call: CallOptions,
): Promise<void> {
  const { status } = c.state;
  if (status !== 'running' && status !== 'paused' && status !== 'restarting') return;
  if (force !== true) {
    const advice =
      status === 'paused'
        ? 'unpause and then stop the container before removing or force remove'
        : 'stop the container before removing or force remove';
    throw conflict(c, `cannot remove container "/${c.record.name}": container is ${status}: ${advice}`);
  }
  // What cannot be asked cannot be ended.
  if (c.uncertain !== undefined) runOf(c);
  if (status === 'restarting') await cancelRestart(engine, c, call);
  if (c.run !== undefined) await killAndWait(engine, c, c.run, call);
}

/** @returns false: it is not to be removed as it is now, which `endFirst` knows what to do about */
async function removeNow(engine: EngineContext, c: ManagedContainer, options: RemoveOptions): Promise<boolean> {
  if (c.isAlive || c.state.status === 'restarting') return false;
  c.change({ kind: 'removing' });
  await takeAway(engine, c, options);
  return true;
}

/** For a container that a life before has begun to remove. */
export async function finishRemoval(engine: EngineContext, c: ManagedContainer): Promise<void> {
  // The volumes of one with `--rm` go with it; whether somebody else asked for that is not known any more.
  const volumes = c.record.hostConfig.AutoRemove === true;
  await c.lock.run(`remove container ${c.id}`, () => takeAway(engine, c, { volumes }));
}

async function takeAway(engine: EngineContext, c: ManagedContainer, options: RemoveOptions): Promise<void> {
  const { exitCode } = c.state;
  try {
    // A kill -9 from here on: the next life removes it. A full disk may need just this.
    await saveOrWarn(engine, c);
    await removeLeftover(engine, c.id);
    await releaseResources(engine, c);
    await c.hub.close();
    await c.logs.remove();
    await engine.store.remove(c.id);
  } catch (err) {
    const error = toEngineError(err);
    c.change({ kind: 'dead', error: error.message });
    await c.save().catch(() => {});
    c.waits.exited({ exitCode, error: error.message });
    throw err;
  }
  c.isGone = true;
  engine.containers.delete(c.id);
  engine.stats.end(c.id);
  engine.names.release(c.id);
  for (const id of c.execs.keys()) engine.execs.live.delete(id);
  await removeVolumes(engine, c, options);
  engine.removed.set(c.id, { exitCode, error: '' });
  engine.events.publish('container', 'destroy', c.id, containerAttributes(c.record));
  c.waits.removed({ exitCode, error: '' });
}

/** What a cleanup that failed has left with the backend. */
async function removeLeftover(engine: EngineContext, id: string): Promise<void> {
  const call = { timeoutMs: LEFTOVER_MS };
  try {
    const container = await engine.client.loadContainer(id, call);
    const task = await container.task(call).catch(unlessGone);
    await task?.forceDelete(call).catch(unlessGone);
    await container.delete(call);
  } catch (err) {
    unlessGone(err);
  }
}

function unlessGone(err: unknown): undefined {
  if (!isNotFound(err)) throw err;
  return undefined;
}

async function removeVolumes(engine: EngineContext, c: ManagedContainer, options: RemoveOptions): Promise<void> {
  for (const { name, anonymous } of c.record.mounts) {
    if (name === undefined) continue;
    engine.volumes.release(name, c.id);
    if (options.volumes !== true || anonymous !== true) continue;
    try {
      await engine.volumes.remove(name);
      engine.events.publish('volume', 'destroy', name, { driver: 'local' });
    } catch (err) {
      // Another container uses it.
      engine.log.debug({ err, containerId: c.id, volume: name }, 'keep an anonymous volume');
    }
  }
}

/** For `--rm`: with its anonymous volumes, and nobody to tell when somebody else is at it. */
export function removeInBackground(engine: EngineContext, c: ManagedContainer): void {
  engine.background('remove a container that ended', c.id, async () => {
    try {
      await removeContainer(engine, c, { volumes: true });
    } catch (err) {
      if (!isNotFound(err) && !isNotModified(err) && !(err instanceof ConflictError)) throw err;
    }
  });
}
