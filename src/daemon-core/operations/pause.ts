import type { CallOptions } from '../../libcontainerd/types.js';
import type { ManagedContainer } from '../container/managed-container.js';
import { saveOrWarn } from '../container/save-or-warn.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { conflict, runOf } from './preconditions.js';

/** Freezes all processes. @throws ConflictError when it does not run, or is paused already */
export async function pauseContainer(
  engine: EngineContext,
  c: ManagedContainer,
  call: CallOptions = {},
): Promise<void> {
  await c.lock.run(
    `pause container ${c.id}`,
    async () => {
      if (c.state.status === 'restarting') {
        throw conflict(c, `Container ${c.id} is restarting, wait until the container is running`);
      }
      const run = runOf(c);
      if (c.state.status === 'paused') throw conflict(c, `Container ${c.id} is already paused`);
      await c.health?.stop();
      try {
        await run.task.pause(call);
      } catch (err) {
        c.health?.start();
        throw err;
      }
      c.change({ kind: 'paused' });
      await saveOrWarn(engine, c);
    },
    call,
  );
  engine.events.publish('container', 'pause', c.id, containerAttributes(c.record));
}

/** Lets them go on. @throws ConflictError when it is not paused */
export async function unpauseContainer(
  engine: EngineContext,
  c: ManagedContainer,
  call: CallOptions = {},
): Promise<void> {
  await c.lock.run(
    `unpause container ${c.id}`,
    async () => {
      const run = runOf(c);
      if (c.state.status !== 'paused') throw conflict(c, `Container ${c.id} is not paused`);
      await run.task.resume(call);
      c.change({ kind: 'unpaused' });
      c.health?.start();
      await saveOrWarn(engine, c);
    },
    call,
  );
  engine.events.publish('container', 'unpause', c.id, containerAttributes(c.record));
}
