import { isNotFound } from '../../errdefs/index.js';
import type { Container, RestoredContainer, Task } from '../../libcontainerd/types.js';
import { type MemoryCgroup, memoryCgroupAt, memoryCgroupOf } from '../../oom/memory-cgroup.js';
import { identify } from '../../platform/process-identity.js';
import { commitExit, finish, watchExit } from '../container/exit.js';
import type { CurrentRun, ManagedContainer } from '../container/managed-container.js';
import { startHealth } from '../container/run-health.js';
import { newRunOom } from '../container/run-oom-link.js';
import { saveOrWarn } from '../container/save-or-warn.js';
import type { EngineContext } from '../engine-context.js';
import { STARTED_LABEL } from '../operations/labels.js';
import { NO_OOM } from '../state/oom-facts.js';
import type { JournalFact } from '../state/record.js';
import { judge } from './found-run.js';

const CLEANUP_MS = 45_000;
const UNKNOWN_EXIT_CODE = 255;

/**
 * Brings a record and what the backend has together, under the container's lock: the truth is with the backend where it
 * knows, in the journal where it does not any more, and unknown (255) where nobody does. What is not clear changes nothing.
 * @returns false when it is not clear yet
 */
export async function settleContainer(
  engine: EngineContext,
  c: ManagedContainer,
  restored: RestoredContainer | undefined,
  facts: readonly JournalFact[],
): Promise<boolean> {
  const found = judge(c.record, restored);
  switch (found.kind) {
    case 'unclear':
      c.uncertain = found.error;
      return false;
    case 'leftover':
      await removeQuietly(engine, found.container, undefined);
      await endWithout(engine, c, facts);
      break;
    case 'nothing':
      await endWithout(engine, c, facts);
      break;
    case 'run':
      await settleRun(engine, c, { ...found, facts });
      break;
  }
  c.uncertain = undefined;
  return true;
}

interface FoundRun {
  readonly run: number;
  readonly found: RestoredContainer;
  readonly facts: readonly JournalFact[];
}

async function settleRun(engine: EngineContext, c: ManagedContainer, { run, found, facts }: FoundRun): Promise<void> {
  const { container, task } = found;
  const status = task?.state.status;
  const isOver = c.state.run === run && !c.isAlive;
  if (task === undefined || status === 'created' || isOver) {
    // Not started yet, or closed in the books already: what is there is only in the way.
    await removeQuietly(engine, container, task);
    await endWithout(engine, c, facts);
    return;
  }
  const adopted = await adopt(engine, c, { run, container, task, facts });
  if (task.state.exit !== undefined) await commitExit(engine, c, adopted, task.state.exit);
  else await goOn(engine, c, adopted);
}

interface Adopted {
  readonly run: number;
  readonly container: Container;
  readonly task: Task;
  readonly facts: readonly JournalFact[];
}

async function adopt(
  engine: EngineContext,
  c: ManagedContainer,
  { run: number, container, task, facts }: Adopted,
): Promise<CurrentRun> {
  const ofRun = facts.filter((fact) => fact.run === number);
  const noted = ofRun.filter((fact) => fact.fact === 'oom').at(-1)?.oom;
  const known = noted ?? (c.state.run === number ? c.state.oom : undefined);
  const oom = newRunOom(engine, c, {
    number,
    task,
    cgroup: await cgroupOf(c, task, ofRun),
    known: known ?? NO_OOM,
  });
  const run: CurrentRun = { number, container, task, oom, identity: identify(task.pid), hadGap: true };
  c.run = run;
  if (c.state.run !== number || !c.isAlive) {
    // The start was done, and the record of it not saved any more.
    const startedAt = container.labels[STARTED_LABEL] ?? new Date().toISOString();
    c.change({ kind: 'started', run: number, pid: task.pid, startedAt, oom: oom.facts, health: undefined });
    c.amend({ startedBefore: true });
  }
  c.amend({ starting: undefined });
  await oom.settle({ exitCode: task.state.exit?.code, hadGap: true });
  c.change({ kind: 'oom', run: number, oom: oom.facts });
  return run;
}

/** By the process while it lives; else where it was, as the journal tells. */
async function cgroupOf(
  c: ManagedContainer,
  task: Task,
  facts: readonly JournalFact[],
): Promise<MemoryCgroup | undefined> {
  const place = facts.filter((fact) => fact.fact === 'cgroup').at(-1)?.folder;
  if (place !== undefined) return memoryCgroupAt(place);
  return task.state.exit === undefined ? memoryCgroupOf(task.pid, { named: c.id }) : undefined;
}

async function goOn(engine: EngineContext, c: ManagedContainer, run: CurrentRun): Promise<void> {
  const isPaused = run.task.state.status === 'paused';
  if (isPaused && c.state.status === 'running') c.change({ kind: 'paused' });
  if (!isPaused && c.state.status === 'paused') c.change({ kind: 'unpaused' });
  c.logs.running();
  startHealth(engine, c, run);
  if (isPaused) await c.health?.stop();
  watchExit(engine, c, run);
  await saveOrWarn(engine, c);
}

/** Nothing of the container runs. When the record says that something did, its end is in the journal, or unknown. */
async function endWithout(engine: EngineContext, c: ManagedContainer, facts: readonly JournalFact[]): Promise<void> {
  await c.hub.end();
  await c.logs.external?.finish().catch((err: unknown) => {
    engine.log.warn({ err, containerId: c.id }, 'finish the log of a container');
  });
  enterUnsavedRun(c, facts);
  if (c.isAlive) {
    const ofRun = facts.filter((fact) => fact.run === c.state.run);
    const exit = ofRun.filter((fact) => fact.fact === 'exit').at(-1);
    const oom = ofRun.filter((fact) => fact.fact === 'oom').at(-1)?.oom;
    if (oom !== undefined) c.change({ kind: 'oom', run: c.state.run, oom });
    c.amend({ starting: undefined });
    await finish(engine, c, {
      exitCode: exit?.code ?? UNKNOWN_EXIT_CODE,
      exitedAt: exit?.exitedAt ?? new Date().toISOString(),
      startedAt: c.state.startedAt,
    });
    return;
  }
  if (c.record.starting === undefined) return;
  c.amend({ starting: undefined });
  await saveOrWarn(engine, c);
}

/** It was started and ended, and the disk took only the journal. */
function enterUnsavedRun(c: ManagedContainer, facts: readonly JournalFact[]): void {
  const { starting } = c.record;
  const exit = facts.find((fact) => fact.fact === 'exit' && fact.run === starting);
  if (c.isAlive || starting === undefined || exit?.fact !== 'exit') return;
  c.change({
    kind: 'started',
    run: starting,
    pid: 0,
    startedAt: exit.exitedAt,
    oom: NO_OOM,
    health: undefined,
  });
  c.amend({ startedBefore: true });
}

async function removeQuietly(engine: EngineContext, container: Container, task: Task | undefined): Promise<void> {
  const call = { timeoutMs: CLEANUP_MS };
  for (const step of [
    async () => (task ?? (await container.task(call))).forceDelete(call),
    () => container.delete(call),
  ]) {
    try {
      await step();
    } catch (err) {
      if (!isNotFound(err)) engine.log.warn({ err, containerId: container.id }, 'remove what an earlier life has left');
    }
  }
}
