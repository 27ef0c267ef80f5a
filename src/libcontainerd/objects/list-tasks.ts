import { isDeadlineExceeded } from '../../errdefs/index.js';
import type { Process } from '../../protocol/gen/containerd/types/task.js';
import type { CallOptions } from '../types.js';
import type { ObjectContext } from './context.js';
import { TIMEOUTS } from './timeouts.js';

/**
 * All tasks of the namespace by their container's id. containerd asks one shim after the other, 2 s each: when some hang
 * and there is no answer in time it is empty, and each task is to be asked for by itself.
 * @throws what the list throws, but for a deadline
 */
export async function listTasks(
  { tasks: service, log, namespace }: ObjectContext,
  { signal, timeoutMs = TIMEOUTS.list }: CallOptions,
): Promise<Map<string, Process>> {
  try {
    const call = { signal, timeoutMs: Math.min(timeoutMs, TIMEOUTS.list) };
    const { tasks } = await service.list({ filter: '' }, call);
    return new Map(tasks.map((task) => [task.id, task]));
  } catch (err) {
    if (!isDeadlineExceeded(err)) throw err;
    log.warn({ err, namespace }, 'list tasks took too long; asking one by one');
    return new Map();
  }
}
