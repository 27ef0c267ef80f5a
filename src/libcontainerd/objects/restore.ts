import PQueue from 'p-queue';
import { toEngineError } from '../../errdefs/index.js';
import type { Process as ProcessRecord } from '../../protocol/gen/containerd/types/task.js';
import type { Container, RestoredContainer, RestoreOptions } from '../types.js';
import { ContainerObject } from './container.js';
import type { ObjectContext } from './context.js';
import { listTasks } from './list-tasks.js';
import { isUndecided } from './process-facts.js';

/** Questions and FIFOs opened at once. */
const CONCURRENCY = 32;

/** Every container with the task that one list of tasks shows. */
export async function restoreAll(
  context: ObjectContext,
  containers: () => Promise<Container[]>,
  options: RestoreOptions,
): Promise<RestoredContainer[]> {
  const listedAt = Date.now();
  const [all, byId] = await Promise.all([containers(), listTasks(context, options)]);
  const queue = new PQueue({ concurrency: CONCURRENCY });
  return queue.addAll(all.map((container) => () => restoreOne(container, byId.get(container.id), options, listedAt)));
}

/**
 * One container of a fleet, with the task that the list shows. What the list leaves out or does not decide is asked for:
 * containerd omits tasks whose shim did not answer, and such a one must not be taken for dead.
 */
async function restoreOne(
  container: Container,
  listed: ProcessRecord | undefined,
  options: RestoreOptions,
  listedAt: number,
): Promise<RestoredContainer> {
  const { signal, timeoutMs } = options;
  try {
    const attach = options.attach?.(container);
    if (listed !== undefined && !isUndecided(listed) && container instanceof ContainerObject) {
      return { container, task: await container.adopt(listed, { attach, call: { signal, timeoutMs }, at: listedAt }) };
    }
    const call = { signal, timeoutMs };
    const task = attach === undefined ? await container.task(call) : await container.attachTask(attach, call);
    return { container, task };
  } catch (err) {
    const error = toEngineError(err);
    if (error.code === 'ERR_TASK_NOT_FOUND') return { container, task: undefined };
    return { container, task: undefined, error };
  }
}
