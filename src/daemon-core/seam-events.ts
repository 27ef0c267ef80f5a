import type { ContainerEvent, EventHandler, Subscription } from '../libcontainerd/event.js';
import type { ManagedContainer } from './container/managed-container.js';
import { saveOrWarn } from './container/save-or-warn.js';
import type { EngineContext } from './engine-context.js';
import { containerAttributes } from './events/container-attributes.js';

/**
 * What the backend tells that nobody asked for: OOM kills, and pauses by others. Exits are waited for by each run. Events of
 * an older run of the container are not about this one.
 */
export function followBackend(engine: EngineContext): Subscription {
  const handler: EventHandler = (event) => {
    const c = engine.containers.find(event.containerId);
    if (c?.run === undefined || event.run !== c.run.task.generation) return;
    if (event.synthesized) c.run.hadGap = true;
    if (event.type === 'oom') c.run.oom.heard();
    else if (event.type === 'paused' || event.type === 'resumed') {
      // Not waited for: an OOM kill that comes next must not wait for a lock.
      engine.background('follow a pause', c.id, () => matchPause(engine, c, event));
    }
  };
  return engine.client.subscribe(handler, { onGap: () => lookAfterGap(engine) });
}

/** A backend does not tell of OOM kills again; the kernel's counter does. */
function lookAfterGap(engine: EngineContext): void {
  for (const { id, run } of engine.containers.all()) {
    if (run === undefined) continue;
    run.hadGap = true;
    engine.background('look for oom kills after a gap', id, async () => {
      await run.oom.settle({ hadGap: true });
    });
  }
}

/** The event may be of our own doing, and old: what the task itself says decides. */
async function matchPause(engine: EngineContext, c: ManagedContainer, event: ContainerEvent): Promise<void> {
  await c.lock.run('follow a pause', async () => {
    const { run } = c;
    if (run === undefined || event.run !== run.task.generation) return;
    const isPaused = run.task.state.status === 'paused';
    if (isPaused && c.state.status === 'running') {
      await c.health?.stop();
      c.change({ kind: 'paused' });
      await saveOrWarn(engine, c);
      engine.events.publish('container', 'pause', c.id, containerAttributes(c.record));
    } else if (!isPaused && c.state.status === 'paused' && run.task.state.exit === undefined) {
      c.change({ kind: 'unpaused' });
      c.health?.start();
      await saveOrWarn(engine, c);
      engine.events.publish('container', 'unpause', c.id, containerAttributes(c.record));
    }
  });
}
