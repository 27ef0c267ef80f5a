import { setTimeout as delay } from 'node:timers/promises';
import PQueue from 'p-queue';
import { isNotFound, toEngineError } from '../../errdefs/index.js';
import type {
  AttachStdio,
  Container,
  ExternalOutput,
  ExternalStdio,
  RestoredContainer,
} from '../../libcontainerd/types.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { finishRemoval } from '../operations/remove.js';
import type { JournalFact } from '../state/record.js';
import type { LoadedRecord } from '../state/record-store.js';
import { settleContainer } from './adopt.js';
import { isOfEngine, runOf } from './found-run.js';
import { applyPolicy } from './policies.js';

const AT_ONCE = 64;
const CLEANUP_MS = 45_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/**
 * What an engine does when it opens: two lists from the backend, whatever the number of containers, then all side by side.
 * A container of which the backend cannot tell stays as it was, and is asked for again until it can.
 */
export async function restoreAll(engine: EngineContext, loaded: readonly LoadedRecord[]): Promise<void> {
  const restored = await engine.client.restore({
    timeoutMs: engine.settings.restoreTimeoutMs,
    attach: (container) => attachOf(engine, engine.containers.find(container.id), container),
  });
  const byId = new Map(restored.map((each) => [each.container.id, each]));
  const queue = new PQueue({ concurrency: AT_ONCE });
  const works = loaded.map(({ record, facts }) => async () => {
    const c = engine.containers.get(record.id);
    await restoreOne(engine, c, byId.get(c.id), facts);
  });
  const strangers = restored.filter(({ container }) => engine.containers.find(container.id) === undefined);
  await Promise.all([queue.addAll(works), queue.addAll(strangers.map((each) => () => removeStranger(engine, each)))]);
}

async function restoreOne(
  engine: EngineContext,
  c: ManagedContainer,
  restored: RestoredContainer | undefined,
  facts: readonly JournalFact[],
): Promise<void> {
  try {
    if (c.state.status === 'removing') {
      await finishRemoval(engine, c);
      return;
    }
    const isClear = await c.lock.run('restore a container', () => settleContainer(engine, c, restored, facts));
    if (!isClear) askAgain(engine, c, facts);
  } catch (err) {
    engine.log.error({ err, containerId: c.id }, 'restore a container');
  }
}

/** Until the backend can tell, or the engine closes. */
function askAgain(engine: EngineContext, c: ManagedContainer, facts: readonly JournalFact[]): void {
  engine.background('ask for a container again', c.id, async () => {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      await delay(pauseMs, undefined, { signal: engine.closing, ref: false });
      const isClear = await c.lock.run('restore a container', async () => {
        const restored = await lookUp(engine, c);
        if (c.isGone) return true;
        const wasAlive = c.isAlive;
        if (restored === 'unclear' || !(await settleContainer(engine, c, restored, facts))) return false;
        if (!wasAlive) applyPolicy(engine, c);
        return true;
      });
      if (isClear) return;
    }
  });
}

async function lookUp(engine: EngineContext, c: ManagedContainer): Promise<RestoredContainer | undefined | 'unclear'> {
  let container: Container;
  try {
    container = await engine.client.loadContainer(c.id);
  } catch (err) {
    return isNotFound(err) ? undefined : 'unclear';
  }
  try {
    const attach = attachOf(engine, c, container);
    return { container, task: attach === undefined ? await container.task() : await container.attachTask(attach) };
  } catch (err) {
    if (isNotFound(err)) return { container, task: undefined };
    return { container, task: undefined, error: toEngineError(err) };
  }
}

/** Opens the output of a container again, which goes on where it was; none where the shim writes files by itself. */
function attachOf(
  engine: EngineContext,
  c: ManagedContainer | undefined,
  container: Container,
): AttachStdio | ExternalStdio | undefined {
  if (c === undefined || c.logs.files !== undefined) return undefined;
  const { external } = c.logs;
  if (external !== undefined) {
    const open = async (output: ExternalOutput) => {
      try {
        await external.open(runOf(container) ?? c.state.run, output);
      } catch (err) {
        engine.log.error({ err, containerId: c.id }, 'have the log of a running container written');
      }
    };
    return { external: open };
  }
  return async (streams) => {
    // Of a try before that did not come to its end.
    await c.hub.end();
    try {
      c.hub.begin(streams, await c.logs.openWriter());
    } catch (err) {
      // A log that cannot be written is no reason to take a container for dead.
      engine.log.error({ err, containerId: c.id }, 'open the log of a running container');
      c.hub.begin(streams, undefined);
    }
  };
}

/** Made by this engine, in a life that was cut short before there was a record, or after it was gone. */
async function removeStranger(engine: EngineContext, { container, task }: RestoredContainer): Promise<void> {
  if (!isOfEngine(container, engine.settings.id)) {
    engine.log.warn({ containerId: container.id }, 'the namespace has a container that is not ours; it is left alone');
    return;
  }
  const call = { timeoutMs: CLEANUP_MS };
  for (const step of [() => task?.forceDelete(call), () => container.delete(call)]) {
    try {
      await step();
    } catch (err) {
      if (!isNotFound(err)) engine.log.warn({ err, containerId: container.id }, 'remove a container without a record');
    }
  }
}
