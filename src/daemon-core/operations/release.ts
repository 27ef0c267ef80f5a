import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { unmountShm } from './shm.js';

/** Gives back what a container holds of the host's while it runs. Never throws; safe to repeat. */
export async function releaseResources(engine: EngineContext, c: ManagedContainer): Promise<void> {
  try {
    await unmountShm(engine, c);
  } catch (err) {
    engine.log.warn({ err, containerId: c.id }, 'unmount the shared memory of a container');
  }
}
