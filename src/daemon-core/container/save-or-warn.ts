import type { EngineContext } from '../engine-context.js';
import type { ManagedContainer } from './managed-container.js';

/**
 * Saves what has happened already, and so is not undone by a disk that does not take it: a full disk must keep nobody from
 * stopping a container. The next save has it. Never rejects.
 */
export async function saveOrWarn(engine: EngineContext, c: ManagedContainer): Promise<void> {
  try {
    await c.save();
  } catch (err) {
    engine.log.warn({ err, containerId: c.id }, 'save the state of a container');
  }
}
