import type { CallOptions } from '../../libcontainerd/types.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { assertThere, conflict } from './preconditions.js';

/** @throws InvalidArgumentError for a name that cannot be; ConflictError when it is taken */
export async function renameContainer(
  engine: EngineContext,
  c: ManagedContainer,
  newName: string,
  call: CallOptions = {},
): Promise<void> {
  const name = newName.replace(/^\//, '');
  const oldName = c.record.name;
  await c.lock.run(
    `rename container ${c.id}`,
    async () => {
      assertThere(c);
      if (c.isRemoving) throw conflict(c, `container ${c.id} is being removed`);
      engine.names.rename(c.id, name);
      c.amend({ name });
      try {
        await c.save();
      } catch (err) {
        engine.names.rename(c.id, oldName);
        c.amend({ name: oldName });
        throw err;
      }
    },
    call,
  );
  engine.events.publish('container', 'rename', c.id, { ...containerAttributes(c.record), oldName: `/${oldName}` });
}
