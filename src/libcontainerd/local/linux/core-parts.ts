import { statSync } from 'node:fs';
import { join } from 'node:path';
import { isNotFound, PermissionDeniedError, toEngineError } from '../../../errdefs/index.js';
import { defaultLogger, type Logger } from '../../../log/logger.js';
import { Cgroup1OomWatcher } from '../../../oom/cgroup1-watcher.js';
import type { Lock } from '../../../platform/folder-lock.js';
import { makeFolder } from '../../../platform/make-folder.js';
import { acquireRootLock } from '../../../platform/root-lock.js';
import type { Envelope } from '../../../protocol/gen/containerd/types/types.js';
import { RuntimeTable } from '../../../runtimes/index.js';
import type { Bundle } from '../../../shim/bundle.js';
import { BundleStore } from '../../../shim/bundle-store.js';
import { EventSpool } from '../../../shim/event-spool.js';
import type { ShimParams } from '../../../shim/shim.js';
import { shimV1 } from '../../../shimv1/index.js';
import { createShimV2 } from '../../../shimv2/index.js';
import { decodeEvent } from '../../objects/event-facts.js';
import type { Capabilities } from '../../types.js';
import { capabilitiesHere } from './capabilities.js';
import { sweepContainers } from './container-store.js';
import { EventBus } from './event-bus.js';
import { listenForEvents } from './event-socket.js';
import { type CoreOptions, settingsOf } from './options.js';
import { OutputKeeper } from './output-keeper.js';
import type { TaskCore } from './task-core.js';
import { keyOf } from './task-life.js';
import { loadTasks } from './task-loader.js';
import { TaskTable } from './task-table.js';
import { WarmShims } from './warm-shims.js';

const WRITABLE_BY_OTHERS = 0o022;

/** What one core is made of, and how all of it ends. */
export interface CoreParts {
  readonly root: string;
  readonly state: string;
  readonly eventSocket: string;
  readonly log: Logger;
  readonly bus: EventBus;
  readonly core: TaskCore;
  readonly capabilities: Capabilities;
  readonly keeper: OutputKeeper | undefined;
  readonly signal: AbortSignal;
  /** From now on nothing is looked into any more. */
  abort(): void;
  /** Never throws: what cannot be closed is logged. */
  close(): Promise<void>;
}

/** Nothing is left open when it fails. @throws as `EmbeddedCore.open` */
export async function openCoreParts(options: CoreOptions): Promise<CoreParts> {
  // In the order in which it was opened.
  const closers: (() => unknown)[] = [];
  try {
    return await openParts(options, closers);
  } catch (err) {
    await closeAll(closers, () => {});
    throw err;
  }
}

async function openParts(options: CoreOptions, closers: (() => unknown)[]): Promise<CoreParts> {
  const { root, state, stdio, warmShims } = settingsOf(options);
  const log = options.logger ?? defaultLogger();
  const runtimes = options.runtimes ?? RuntimeTable.stock();
  for (const folder of new Set([root, state])) {
    makeStateFolder(folder);
    const lock: Lock = await acquireRootLock(folder);
    closers.push(() => lock.release());
  }
  const abort = new AbortController();
  const bus = new EventBus(log);
  const table = new TaskTable();
  const onEnvelope = (envelope: Envelope) => hear(envelope, table, bus, log);
  const eventSocket = join(state, 'events', 'ttrpc.sock');
  const server = await listenForEvents(eventSocket, { log, onEnvelope });
  closers.push(() => server.close());
  const spool = await EventSpool.open({ folder: join(state, 'spool'), log, onEnvelope });
  closers.push(() => spool.close());
  const keeper = stdio === 'lossless' ? await OutputKeeper.open(join(state, 'keeper.sock'), log) : undefined;
  if (keeper !== undefined) closers.push(() => keeper.close());
  const oom = new Cgroup1OomWatcher({ log, onKills: (key) => tellOom(key, table, bus) });
  closers.push(() => oom.close());
  const paramsOf = (bundle: Bundle, runtime: Pick<ShimParams, 'binary' | 'options'>): ShimParams => ({
    namespace: bundle.namespace,
    id: bundle.id,
    bundle,
    ...runtime,
    eventSocket,
    address: join(state, 'engine.sock'),
    publisher: spool.publisher,
    debug: options.debugShims ?? false,
    log,
  });
  const v2 = createShimV2();
  // Also without any of our own: an earlier life may have left some in use.
  const warm = new WarmShims({
    size: warmShims,
    folder: join(state, 'warm'),
    dialect: v2,
    log,
    signal: abort.signal,
    paramsOf,
  });
  closers.push(() => warm.close());
  const bundles = new BundleStore(join(state, 'bundles'), { log });
  const core: TaskCore = {
    table,
    bundles,
    runtimes,
    dialects: { v1: shimV1, v2 },
    oom,
    warm,
    log,
    runcRoot: join(state, 'runc'),
    signal: abort.signal,
    publish: (namespace, event) => bus.publish(namespace, event),
    paramsOf,
  };
  closers.push(async () => {
    const tasks = table.all();
    for (const task of tasks) task.detach();
    // A clean-up under way is bounded; after the lock is given back it could end a new container of the same name.
    await Promise.all(tasks.map((task) => task.settled()));
  });
  await Promise.all([bundles.sweep(), sweepContainers(root)]);
  const [capabilities] = await Promise.all([capabilitiesHere(runtimes), loadTasks(core)]);
  return {
    root,
    state,
    eventSocket,
    log,
    bus,
    core,
    capabilities,
    keeper,
    signal: abort.signal,
    abort: () => abort.abort(),
    close: async () => {
      abort.abort();
      await closeAll(closers, (err) => log.warn({ err, root }, 'close the embedded core'));
    },
  };
}

function makeStateFolder(folder: string): void {
  try {
    makeFolder(folder, 0o711);
    const { uid, mode } = statSync(folder);
    // What lies in it is run as us.
    if (uid === process.getuid?.() && (mode & WRITABLE_BY_OTHERS) === 0) return;
  } catch (err) {
    throw toEngineError(err, `make folder ${folder} of the embedded core`);
  }
  throw new PermissionDeniedError(`use folder ${folder}: it is another user's, or others may write to it`, {
    code: 'ERR_STATE_DIR',
    fields: { path: folder },
  });
}

/** What a shim publishes about a task that we have. */
function hear(envelope: Envelope, table: TaskTable, bus: EventBus, log: Logger): void {
  const { namespace } = envelope;
  const event = decodeEvent(envelope);
  if (event === undefined) return;
  const task = table.get(namespace, event.containerId);
  // The rest we tell ourselves, as the answers to our calls come.
  if (event.type === 'exit') task?.hear(event);
  else if (event.type === 'oom' && task !== undefined) bus.publish(namespace, event);
  else if (task === undefined) log.debug({ containerId: event.containerId, namespace }, 'an event of an unknown task');
}

function tellOom(key: string, table: TaskTable, bus: EventBus): void {
  const task = table.all().find(({ params }) => keyOf(params.namespace, params.id) === key);
  if (task === undefined) return;
  const timestamp = new Date();
  const { id: containerId, namespace } = task.params;
  const fact = { kind: 'oom', key: timestamp.toISOString() } as const;
  bus.publish(namespace, { containerId, processId: containerId, type: 'oom', pid: 0, timestamp, fact });
}

/** The last opened first. */
async function closeAll(closers: readonly (() => unknown)[], onError: (err: unknown) => void): Promise<void> {
  for (const close of closers.toReversed()) {
    try {
      await close();
    } catch (err) {
      if (!isNotFound(err)) onError(err);
    }
  }
}
