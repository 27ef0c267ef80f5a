import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import PQueue from 'p-queue';
import { CanceledError } from '../errdefs/index.js';
import { connect } from '../libcontainerd/connect.js';
import type { CallOptions, Client } from '../libcontainerd/types.js';
import { createLogger, type Logger } from '../log/logger.js';
import { readHostFacts } from '../oci/build/host-facts.js';
import { KernelLog } from '../oom/kernel-log.js';
import { makeFolder } from '../platform/make-folder.js';
import { openRuntimeConfig, ReloadableRuntimes, type RuntimeConfigOptions } from '../runtimes/index.js';
import { VolumeStore } from '../volumes/volume-store.js';
import { BackgroundWork } from './background.js';
import { ContainerTable } from './container/container-table.js';
import { manage } from './container/manage.js';
import type { ManagedContainer } from './container/managed-container.js';
import { Engine } from './engine.js';
import type { EngineContext } from './engine-context.js';
import { engineIdOf } from './engine-id.js';
import { type EngineOptions, type EngineSettings, foldersOf, settingsOf } from './engine-options.js';
import { EventLog } from './events/event-log.js';
import { findInit } from './find-init.js';
import { LogKeeper } from './log-keeper/log-keeper.js';
import { NameRegistry } from './names.js';
import { removeInBackground } from './operations/remove.js';
import { restartLater, startAtBoot } from './operations/restart-later.js';
import { endRun } from './operations/stop.js';
import { applyPolicies } from './restore/policies.js';
import { restoreAll } from './restore/restore-all.js';
import { followBackend } from './seam-events.js';
import { type LoadedRecord, RecordStore } from './state/record-store.js';
import { sampleSourceOf } from './stats/sample-source.js';
import { StatsSampler } from './stats/stats-sampler.js';

const REMOVED_MAX = 10_000;
const EXECS_MAX = 10_000;
const BACKGROUND_MS = 10_000;
const CLOSE = { timeoutMs: BACKGROUND_MS };

/**
 * Opens an engine on its folders: takes them for this process, connects to what runs containers, finds those of an earlier
 * life, attaches to those that run, and starts what restart policies want.
 *
 * @throws ConflictError `ERR_ROOT_BUSY` when another engine has the root; InvalidArgumentError `ERR_OPTION_INVALID`; and as
 * `connect`. Nothing stays open then.
 */
export async function createEngine(options: EngineOptions = {}, call: CallOptions = {}): Promise<Engine> {
  const log = options.logger ?? createLogger();
  const folders = foldersOf(options);
  const undo: (() => Promise<void> | void)[] = [];
  try {
    for (const folder of [folders.root, folders.state, folders.engineState]) makeFolder(folder, 0o711);
    const store = await RecordStore.open(folders.engineRoot, { log });
    undo.push(() => store.close());
    const settings = settingsOf(options, await engineIdOf(folders.engineRoot), options.initPath ?? (await findInit()));
    const runtimeOptions: RuntimeConfigOptions = {
      root: folders.engineRoot,
      runtimes: options.runtimes,
      defaultRuntime: options.defaultRuntime,
      execOpts: options.execOpts,
      cgroupParent: options.cgroupParent,
      // A containerd has a PATH and a state folder of its own.
      ...(isEmbedded(options.backend) ? {} : { checkPrograms: false, runcRoot: join(folders.state, 'runtime-runc') }),
    };
    const runtimes = new ReloadableRuntimes(await openRuntimeConfig(runtimeOptions));
    const isOwn = !isClient(options.backend);
    const client = isClient(options.backend) ? options.backend : await connectBackend(options, folders, call);
    if (isOwn) undo.push(() => client.close());
    const [host, volumes, kernelLog] = await Promise.all([
      readHostFacts(),
      VolumeStore.open(folders.volumes),
      KernelLog.open({ log }),
    ]);
    undo.push(() => kernelLog?.close());
    const logKeeper = await openLogKeeper(settings, folders.logKeeperSocket, log, call);
    undo.push(() => logKeeper?.close());
    const closing = new AbortController();
    const work = new BackgroundWork(log, closing.signal);
    let isStopping = false;
    const context: EngineContext = {
      settings,
      client,
      store,
      volumes,
      events: new EventLog(),
      names: new NameRegistry(),
      containers: new ContainerTable(),
      removed: new LRUCache({ max: REMOVED_MAX, ttl: settings.removedTtlMs }),
      execs: { live: new Map(), finished: new LRUCache({ max: EXECS_MAX, ttl: settings.execTtlMs }) },
      starts: new PQueue({ concurrency: settings.concurrency }),
      host,
      kernelLog,
      stats: new StatsSampler(sampleSourceOf(client), log),
      logKeeper,
      log,
      closing: closing.signal,
      isStopping: () => isStopping,
      runtimes: () => runtimes.current,
      background: (what, containerId, todo) => work.run(what, containerId, todo),
      actions: {
        restart: (c, delayMs) => restartLater(context, c, delayMs),
        startAtBoot: (c) => startAtBoot(context, c),
        remove: (c) => removeInBackground(context, c),
      },
    };
    const { records, damaged } = await store.load();
    for (const { id, path, error } of damaged)
      log.error({ err: error, containerId: id, path }, 'a container is damaged');
    enter(context, records);
    const events = followBackend(context);
    undo.push(() => events.close());
    undo.push(async () => {
      closing.abort();
      await closeAll(context, work, false);
    });
    await restoreAll(context, records);
    // A script that is not configured any more may be that of a container that runs.
    if (!context.containers.all().some((c) => c.isAlive)) await runtimes.current.sweepScripts([]);
    applyPolicies(context, records);
    const close = async (graceful: boolean) => {
      if (graceful && !settings.liveRestore) {
        isStopping = true;
        await stopAll(context);
      }
      closing.abort();
      await closeAll(context, work, graceful);
      await events.close();
      if (isOwn && graceful) await client.close();
      else if (isOwn) client.destroy();
      kernelLog?.close();
      logKeeper?.close();
      await store.close();
    };
    return new Engine({ context, damaged, runtimes, close });
  } catch (err) {
    for (const step of undo.reverse()) await step();
    throw err;
  }
}

/** Whether the containers are run by the embedded core that this engine opens. */
function isEmbedded(backend: EngineOptions['backend']): boolean {
  if (backend === undefined) return true;
  return !isClient(backend) && backend.address === undefined && backend.backend !== 'remote';
}

function isClient(backend: EngineOptions['backend']): backend is Client {
  return backend !== undefined && 'newContainer' in backend;
}

function connectBackend(
  { backend, namespace = 'docker', logger }: EngineOptions,
  folders: ReturnType<typeof foldersOf>,
  call: CallOptions,
): Promise<Client> {
  const shared = { namespace, logger };
  if (backend !== undefined && !isClient(backend)) {
    return connect(
      backend.backend === 'remote' || backend.address !== undefined
        ? // Two engines on one machine keep their FIFOs apart, as all they have.
          { ...shared, stateDir: join(folders.state, 'stdio', namespace), ...backend }
        : { root: folders.coreRoot, state: folders.coreState, stdio: 'lossless', warmShims: 2, ...shared, ...backend },
      call,
    );
  }
  const local = { root: folders.coreRoot, state: folders.coreState, stdio: 'lossless', warmShims: 2 } as const;
  return connect({ ...local, ...shared }, call);
}

/** Where this engine writes by itself, the keeper of an earlier one goes: two would read the same output. */
async function openLogKeeper(
  settings: EngineSettings,
  socketPath: string,
  log: Logger,
  call: CallOptions,
): Promise<LogKeeper | undefined> {
  const logPath = join(settings.state, 'log-keeper.log');
  if (settings.logWriter === 'keeper') return LogKeeper.start({ socketPath, logPath, log }, call);
  await LogKeeper.retire(socketPath, call);
  return undefined;
}

/** Makes the objects of all records, so that what the backend has can find its container. */
function enter(engine: EngineContext, records: readonly LoadedRecord[]): void {
  for (const { record } of records) {
    try {
      engine.names.reserve(record.id, record.name);
    } catch (err) {
      // A rename that was cut short by a kill can leave a name twice.
      engine.log.warn({ err, containerId: record.id }, 'a container has lost its name');
      engine.names.reserve(record.id);
    }
    engine.containers.add(manage(engine, record));
    for (const { name } of record.mounts) {
      if (name !== undefined) engine.volumes.use(name, record.id);
    }
  }
}

/** As many at once as start at once: each has its own time. */
async function stopAll(engine: EngineContext): Promise<void> {
  const alive = engine.containers.all().filter((c) => c.isAlive);
  const results = await Promise.allSettled(alive.map((c) => endRun(engine, c, {})));
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') continue;
    engine.log.warn({ err: result.reason, containerId: alive[index]?.id }, 'stop a container at the end of the engine');
  }
}

/** What has begun is let go on to its end, for a time: a start, for one, that would leave nobody knows what. */
async function settleWork(
  engine: EngineContext,
  work: BackgroundWork,
  all: readonly ManagedContainer[],
): Promise<void> {
  const idle = all.filter(({ lock }) => lock.isBusy).map(({ lock }) => lock.run('close', async () => {}, CLOSE));
  const [isSettled, sections] = await Promise.all([work.settled(BACKGROUND_MS), Promise.allSettled(idle)]);
  if (isSettled && sections.every(({ status }) => status === 'fulfilled')) return;
  engine.log.warn({ left: work.size }, 'work of the engine has not ended in its time');
}

async function closeAll(engine: EngineContext, work: BackgroundWork, graceful: boolean): Promise<void> {
  const all = engine.containers.all();
  const closed = new CanceledError('the engine is closed');
  // First, so that a stop under way gives up: nobody is killed since the engine goes.
  for (const c of all) c.waits.close(closed);
  engine.stats.close();
  for (const exec of engine.execs.live.values()) {
    exec.started.fail(closed);
    exec.ended.fail(closed);
  }
  if (graceful) await settleWork(engine, work, all);
  const probes = all.map((c) => c.health?.stop({ timeoutMs: BACKGROUND_MS }));
  if (graceful) await Promise.all(probes);
  await Promise.all(
    all.map(async (c) => {
      await c.hub.close();
      c.logs.close();
    }),
  );
  for (const exec of engine.execs.live.values()) await exec.hub.close();
  engine.events.close();
}
