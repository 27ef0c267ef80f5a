import { CanceledError, type EngineError, isCanceled, isNotFound, toEngineError } from '../../errdefs/index.js';
import { replaceContainer } from '../../libcontainerd/replace.js';
import type { CallOptions, Container, NewTaskOptions, Task } from '../../libcontainerd/types.js';
import { memoryCgroupOf } from '../../oom/memory-cgroup.js';
import { identify } from '../../platform/process-identity.js';
import { CONTAINER_STARTS } from '../../telemetry/observations.js';
import { watchExit } from '../container/exit.js';
import type { CurrentRun, ManagedContainer } from '../container/managed-container.js';
import { prepareRootfs } from '../container/rootfs.js';
import { startHealth } from '../container/run-health.js';
import { newRunOom } from '../container/run-oom-link.js';
import { saveOrWarn } from '../container/save-or-warn.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { checkpointFolder } from './checkpoint-folder.js';
import { ENGINE_LABEL, RUN_LABEL, STARTED_LABEL } from './labels.js';
import { assertStartable } from './preconditions.js';
import { releaseResources } from './release.js';
import { specOf } from './spec-of.js';
import { exitCodeOfStart, textOfStart } from './start-error.js';

export interface StartOptions {
  /** Start from this checkpoint of the container. */
  readonly checkpoint?: string | undefined;
  /** Where it is. @default the container's own folder */
  readonly checkpointDir?: string | undefined;
}

const CLEANUP_MS = 45_000;

/**
 * Starts a container that does not run.
 * @throws NotModifiedError when it runs already; ConflictError when it is paused or being removed; and what the runtime
 * says, after which the record has the exit code and the error
 */
export function startContainer(
  engine: EngineContext,
  c: ManagedContainer,
  options: StartOptions = {},
  call: CallOptions = {},
): Promise<void> {
  const calledAt = performance.now();
  return c.lock.run(
    `start container ${c.id}`,
    async () => {
      assertStartable(c);
      await launchAnew(engine, c, options, calledAt);
    },
    call,
  );
}

/** A start by somebody, or by the engine when it opens: what was before does not count for the policy. Under the lock. */
export async function launchAnew(
  engine: EngineContext,
  c: ManagedContainer,
  options: StartOptions = {},
  calledAt?: number,
): Promise<void> {
  assertOpen(engine, c);
  c.amend({ manuallyStopped: false });
  c.restart.reset();
  c.change({ kind: 'restart-count-reset' });
  await launch(engine, c, options, calledAt);
}

/**
 * A start as it is done by whoever has the lock: by hand, or by the restart policy.
 * @param calledAt of the monotonic clock, milliseconds: what is observed counts from then. @default now
 */
export async function launch(
  engine: EngineContext,
  c: ManagedContainer,
  options: StartOptions = {},
  calledAt: number = performance.now(),
): Promise<void> {
  const { starts, events } = engine;
  assertOpen(engine, c);
  try {
    // It is not cancelled with the caller: a start that is broken off half way leaves nobody knows what.
    await starts.add(async () => {
      assertOpen(engine, c);
      await startRun(engine, c, options);
    });
  } catch (err) {
    observe(engine, toEngineError(err).errorClass, calledAt);
    // What the end of the engine has cut short is no failure: the next engine finds out how far it came.
    if (!isCanceled(err) || !isClosing(engine)) await startFailed(engine, c, toEngineError(err));
    throw err;
  }
  observe(engine, 'ok', calledAt);
  events.publish('container', 'start', c.id, containerAttributes(c.record));
}

function observe(engine: EngineContext, outcome: string, calledAt: number): void {
  if (!CONTAINER_STARTS.hasSubscribers) return;
  CONTAINER_STARTS.publish({ engineId: engine.settings.id, outcome, durationMs: performance.now() - calledAt });
}

function assertOpen(engine: EngineContext, c: ManagedContainer): void {
  if (isClosing(engine)) throw new CanceledError(`start container ${c.id}: the engine is closing`);
}

function isClosing(engine: EngineContext): boolean {
  return engine.closing.aborted || engine.isStopping();
}

async function startRun(engine: EngineContext, c: ManagedContainer, options: StartOptions): Promise<void> {
  const { client, store } = engine;
  const number = c.nextRun();
  const folder = store.folder(c.id);
  const runtime = await engine.runtimes().resolveRuntime(c.record.hostConfig.Runtime);
  c.amend({ starting: number });
  // A kill -9 from here on finds in the record that a start was under way.
  const [rootfs, checkpointDir] = await Promise.all([
    prepareRootfs(c.record, folder),
    options.checkpoint === undefined
      ? undefined
      : checkpointFolder(engine, c, options.checkpoint, options.checkpointDir),
    c.save(),
  ]);
  const spec = await specOf(engine, c, rootfs, runtime.cgroupsPath(c.id, c.record.hostConfig.CgroupParent));
  const labels = {
    [RUN_LABEL]: String(number),
    [STARTED_LABEL]: new Date().toISOString(),
    [ENGINE_LABEL]: engine.settings.id,
  };
  const { runtime: name, runtimeOptions } = runtime;
  const container = await replaceContainer(client, c.id, { spec, runtime: name, runtimeOptions, labels });
  let task: Task | undefined;
  try {
    c.logs.running();
    task = await container.newTask({ stdio: stdioOf(c, number), rootfs: rootfs.mounts, checkpointDir });
    const run = await makeRun(engine, c, number, container, task);
    // Before the call, so that no exit can be older than the start.
    const startedAt = new Date().toISOString();
    c.run = run;
    await task.start();
    c.change({ kind: 'started', run: number, pid: task.pid, startedAt, oom: run.oom.facts, health: undefined });
    c.amend({ starting: undefined, startedBefore: true });
    startHealth(engine, c, run);
    watchExit(engine, c, run);
    // Without it the record says that run N is being started, which is enough to find it again.
    await saveOrWarn(engine, c);
  } catch (err) {
    await undo(engine, c, container, task);
    throw err;
  }
}

/** The engine's view of a run, from the moment its task exists. */
export async function makeRun(
  engine: EngineContext,
  c: ManagedContainer,
  number: number,
  container: Container,
  task: Task,
): Promise<CurrentRun> {
  const cgroup = await memoryCgroupOf(task.pid, { named: c.id });
  const oom = newRunOom(engine, c, { number, task, cgroup });
  if (cgroup !== undefined) {
    await engine.store.append(c.id, { fact: 'cgroup', run: number, folder: cgroup.folder });
  }
  return { number, container, task, oom, identity: identify(task.pid), hadGap: false };
}

/** FIFOs to the hub, or to the log keeper, or files that the shim writes by itself. */
function stdioOf(c: ManagedContainer, run: number): NewTaskOptions['stdio'] {
  const { files, external } = c.logs;
  if (files !== undefined) return { files };
  if (external !== undefined) return { external: (output) => external.open(run, output) };
  return {
    stdin: c.record.config.OpenStdin === true,
    attach: async (streams) => {
      const writer = await c.logs.openWriter();
      try {
        c.hub.begin(streams, writer);
      } catch (err) {
        await writer.close();
        throw err;
      }
    },
  };
}

/** Whatever the failed start has made goes, within a time of its own. */
async function undo(
  engine: EngineContext,
  c: ManagedContainer,
  container: Container,
  task: Task | undefined,
): Promise<void> {
  const call = { timeoutMs: CLEANUP_MS };
  c.run = undefined;
  for (const step of [
    () => task?.forceDelete(call),
    () => c.hub.end(call),
    () => c.logs.external?.finish(),
    () => container.delete(call),
  ]) {
    try {
      await step();
    } catch (err) {
      if (!isNotFound(err)) engine.log.warn({ err, containerId: c.id }, 'take back a start that failed');
    }
  }
  c.logs.ended();
}

async function startFailed(engine: EngineContext, c: ManagedContainer, error: EngineError): Promise<void> {
  await releaseResources(engine, c);
  const exitCode = exitCodeOfStart(error);
  c.amend({ starting: undefined });
  c.change({ kind: 'start-failed', exitCode, error: textOfStart(error) });
  await saveOrWarn(engine, c);
  // Who has attached already, before there were streams.
  c.hub.endAttachments();
  c.waits.exited({ exitCode, error: error.message });
  if (c.record.hostConfig.AutoRemove === true) engine.actions.remove(c);
}
