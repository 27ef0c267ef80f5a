import { isConflict, isNotFound } from '../errdefs/index.js';
import type { CallOptions, Client, Container, NewContainerOptions, Task } from './types.js';

/**
 * Makes a container, in place of one with the same id that an unclean shutdown left behind: that one's task is killed and
 * deleted with it. For callers who own their ids and know that nothing of theirs runs under this one. The id is tried
 * twice, no more: somebody who takes it in between wins. Upstream: moby's `libcontainerd.ReplaceContainer`.
 *
 * @param call holds for each step
 * @throws ConflictError `ERR_CONTAINER_EXISTS` when the id was taken again, and whatever the steps throw
 */
export async function replaceContainer(
  client: Client,
  id: string,
  options: NewContainerOptions,
  call: CallOptions = {},
): Promise<Container> {
  try {
    return await client.newContainer(id, options, call);
  } catch (err) {
    if (!isConflict(err)) throw err;
  }
  await removeLeftover(client, id, call);
  return client.newContainer(id, options, call);
}

/** What is gone already, or goes meanwhile, needs no removal. */
async function removeLeftover(client: Client, id: string, call: CallOptions): Promise<void> {
  const container = await unlessGone(client.loadContainer(id, call));
  if (container === undefined) return;
  const task: Task | undefined = await unlessGone(container.task(call));
  if (task !== undefined) await unlessGone(task.forceDelete(call));
  await unlessGone(container.delete(call));
}

async function unlessGone<T>(step: Promise<T>): Promise<T | undefined> {
  try {
    return await step;
  } catch (err) {
    if (isNotFound(err)) return undefined;
    throw err;
  }
}
