import { toEngineError } from '../../errdefs/index.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { launch, launchAnew } from './start.js';

/** Starts a container of a restart policy again after its delay, unless somebody stops, starts or removes it meanwhile. */
export function restartLater(engine: EngineContext, c: ManagedContainer, delayMs: number): void {
  engine.background('restart a container', c.id, async () => {
    const outcome = await c.restart.wait(delayMs, engine.closing);
    if (outcome === 'canceled' || engine.closing.aborted) return;
    await c.lock.run('restart a container', async () => {
      if (c.state.status !== 'restarting') return;
      try {
        await launch(engine, c);
      } catch (err) {
        // The record has it, and the policy ends here, as with dockerd.
        engine.log.warn({ err: toEngineError(err), containerId: c.id }, 'restart a container');
      }
    });
  });
}

/** When the engine opens. Counts as a start by the engine: the policy begins anew. */
export function startAtBoot(engine: EngineContext, c: ManagedContainer): void {
  engine.background('start a container when the engine opens', c.id, async () => {
    await c.lock.run('start a container when the engine opens', async () => {
      if (c.state.status !== 'exited') return;
      await launchAnew(engine, c).catch((err: unknown) => {
        engine.log.warn({ err: toEngineError(err), containerId: c.id }, 'start a container when the engine opens');
      });
    });
  });
}
