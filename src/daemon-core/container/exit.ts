import { isNotFound } from '../../errdefs/index.js';
import type { ExitStatus } from '../../libcontainerd/types.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { finishExecsOf } from '../exec/exec-end.js';
import { releaseResources } from '../operations/release.js';
import type { CurrentRun, ManagedContainer } from './managed-container.js';
import { saveOrWarn } from './save-or-warn.js';

const CLEANUP_MS = 30_000;
/** A little longer than the backend drains. */
const OUTPUT_MS = 12_000;
const FORCED_MS = 45_000;
/** A probe ends with its container; what is left of one that does not, goes with the task. */
const PROBE_MS = 2_000;

/** Looks after the end of a run: whoever else hears of it, this is what commits it. */
export function watchExit(engine: EngineContext, c: ManagedContainer, run: CurrentRun): void {
  run.task.wait({ signal: engine.closing }).then(
    (exit) => {
      engine.background('commit an exit', c.id, () =>
        c.lock.run('commit an exit', () => commitExit(engine, c, run, exit)),
      );
    },
    (err: unknown) => {
      // The client is closed, with the engine: the next life finds the exit.
      if (!engine.closing.aborted) engine.log.warn({ err, containerId: c.id }, 'wait for the end of a container');
    },
  );
}

/**
 * The books of a run are closed: the exit is in the journal before the backend is asked to forget it, since nobody could
 * tell it again. Under the container's lock. A disk that takes no journal is told in the log, and the exit is
 * in the record as soon as it can be saved again.
 */
export async function commitExit(
  engine: EngineContext,
  c: ManagedContainer,
  run: CurrentRun,
  exit: ExitStatus,
): Promise<void> {
  if (c.run !== run) return;
  await c.health?.stop({ timeoutMs: PROBE_MS });
  c.health = undefined;
  await run.oom.processExited('init', exit.code, run.task.pid);
  const oom = await run.oom.settle({ exitCode: exit.code, hadGap: run.hadGap });
  c.change({ kind: 'oom', run: run.number, oom });
  const exitedAt = exit.exitedAt.toISOString();
  if (oom.killed) {
    await quietly(engine, c, 'note an oom kill', () =>
      engine.store.append(c.id, { fact: 'oom', run: run.number, oom }),
    );
  }
  await quietly(engine, c, 'note an exit', () =>
    engine.store.append(c.id, {
      fact: 'exit',
      run: run.number,
      code: exit.code,
      exitedAt,
      unknown: exit.exitUnknown,
    }),
  );
  await finishExecsOf(engine, c);
  // Before its FIFOs go. The task's own delete waits for what is read here.
  await quietly(engine, c, 'finish the log of a container', async () => c.logs.external?.finish());
  // Side by side: the one drains the output into the other, and cuts it off when it does not end.
  await Promise.all([
    quietly(engine, c, 'delete the task of a container that ended', () => deleteTask(run)),
    quietly(engine, c, 'end the output of a container', () => c.hub.end({ timeoutMs: OUTPUT_MS })),
  ]);
  await quietly(engine, c, 'delete the container of a run that ended', () =>
    unlessGone(run.container.delete({ timeoutMs: CLEANUP_MS })),
  );
  run.oom.close();
  await finish(engine, c, { exitCode: exit.code, exitedAt, startedAt: c.state.startedAt });
}

export interface Finished {
  readonly exitCode: number;
  readonly exitedAt: string;
  readonly startedAt: string;
}

/** The run is over and nothing of it is left: what comes next. Also for one whose end a restarted engine has found. */
export async function finish(engine: EngineContext, c: ManagedContainer, end: Finished): Promise<void> {
  const { exitCode, exitedAt } = end;
  const ranMs = Math.max(0, Date.parse(exitedAt) - Date.parse(end.startedAt)) || 0;
  const decision = c.restart.decide({
    exitCode,
    manuallyStopped: c.record.manuallyStopped,
    ranMs,
    restartCount: c.state.restartCount,
  });
  const again = decision.restart && !engine.closing.aborted ? decision : undefined;
  await releaseResources(engine, c);
  c.logs.ended();
  // With the state, so that whoever sees no run sees how it ended.
  c.run = undefined;
  c.change({ kind: again === undefined ? 'exited' : 'restarting', exitCode, finishedAt: exitedAt });
  // Those that came while the others were finished; now none can come any more.
  await finishExecsOf(engine, c);
  await saveOrWarn(engine, c);
  engine.events.publish('container', 'die', c.id, {
    ...containerAttributes(c.record),
    exitCode: String(exitCode),
    execDuration: String(Math.floor(ranMs / 1_000)),
  });
  c.waits.exited({ exitCode, error: '' });
  if (again !== undefined) engine.actions.restart(c, again.delayMs);
  else if (c.record.hostConfig.AutoRemove === true && c.restartsByHand === 0) engine.actions.remove(c);
}

/** A task that cannot be deleted is ended by force: the next start of the container needs its id. */
async function deleteTask(run: CurrentRun): Promise<void> {
  try {
    await run.task.delete({ timeoutMs: CLEANUP_MS });
  } catch (err) {
    if (isNotFound(err)) return;
    await unlessGone(run.task.forceDelete({ timeoutMs: FORCED_MS }));
  }
}

async function unlessGone(step: Promise<unknown>): Promise<void> {
  try {
    await step;
  } catch (err) {
    if (!isNotFound(err)) throw err;
  }
}

async function quietly(
  engine: EngineContext,
  c: ManagedContainer,
  what: string,
  step: () => Promise<unknown>,
): Promise<void> {
  try {
    await step();
  } catch (err) {
    engine.log.warn({ err, containerId: c.id }, what);
  }
}
