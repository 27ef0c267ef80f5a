import type { CallOptions } from '../../libcontainerd/types.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { type ProcessTable, processTable } from '../top/process-table.js';
import { conflict, runOf } from './preconditions.js';

/**
 * The processes of a running container as `ps` shows them.
 * @param args of ps; a `-ef` when absent
 */
export async function topContainer(
  engine: EngineContext,
  c: ManagedContainer,
  args: string | undefined,
  call: CallOptions = {},
): Promise<ProcessTable> {
  if (c.state.status === 'restarting') {
    throw conflict(c, `Container ${c.id} is restarting, wait until the container is running`);
  }
  const { task } = runOf(c);
  const table = await processTable(task, args, call);
  engine.events.publish('container', 'top', c.id, containerAttributes(c.record));
  return table;
}
