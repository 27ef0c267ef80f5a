import { access, realpath } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import PQueue from 'p-queue';
import type { StdioConfig } from '../../../cio/stdio.js';
import { errorText } from '../../../errdefs/index.js';
import { shimApiOf } from '../../../runtimes/index.js';
import type { Bundle } from '../../../shim/bundle.js';
import { readBootstrap, readShimBinary, readShimRecord } from '../../../shim/bundle-files.js';
import { endShim, findShims, type ShimProcess } from '../../../shim/shim-process.js';
import { withinCall } from '../../deadline.js';
import { ShimTask } from './shim-task.js';
import type { TaskCore } from './task-core.js';
import { keyOf, shimTaskOptions, watchOom } from './task-life.js';
import { TIMEOUTS } from './timeouts.js';

/** Left bundles that are removed at once. */
const CONCURRENCY = 8;

/** Where to look for shims that nobody knows any more. */
export interface ShimFolders {
  /** Has the folders of bundles, of warm shims too. */
  readonly state: string;
  /** Where shims of ours publish. */
  readonly eventSocket: string;
}

/**
 * What an earlier life left: a task for each bundle whose shim was started, entered at once and settled when its shim was
 * found or found dead. A bundle whose shim never got that far is taken away. Never throws for one bundle.
 */
export async function loadTasks(core: TaskCore): Promise<void> {
  const bundles = await core.bundles.list();
  const unborn = await Promise.all(bundles.map((bundle) => enter(core, bundle)));
  const queue = new PQueue({ concurrency: CONCURRENCY });
  await queue.addAll(unborn.filter((bundle) => bundle !== undefined).map((bundle) => () => removeUnborn(core, bundle)));
}

/**
 * After all tasks have settled: ends shims in our folders that nothing leads to any more. A shim whose bundle is there is
 * in use, or is just being started: only one of a dead task has to go.
 */
export async function endLeakedShims(core: TaskCore, { state, eventSocket }: ShimFolders): Promise<void> {
  const folder = await realpath(state);
  const shims = await findShims({ bundles: folder, addresses: [eventSocket] }, { signal: core.signal });
  // Only now: tasks are made while the search goes on.
  const known = await pidsInUse(core);
  const homes = await homesInUse(core);
  for (const shim of shims) {
    if (known.has(shim.pid) || (await isWantedHere(core, homes, folder, shim))) continue;
    core.log.warn({ pid: shim.pid, containerId: shim.id, namespace: shim.namespace }, 'end a leaked shim');
    await endQuietly(core, shim);
  }
  await core.warm.sweep(homes);
}

/** What the shims said of themselves, and for those that do not answer what their bundles say. */
async function pidsInUse(core: TaskCore): Promise<Set<number>> {
  const alive = core.table.all().filter((task) => task.state !== 'dead');
  const records = await Promise.all(
    alive.map((task) => (task.shimPid === 0 ? readShimRecord(task.params.bundle).catch(() => undefined) : undefined)),
  );
  const noted = records.map((record) => record?.pid ?? 0);
  return new Set([...alive.map((task) => task.shimPid), ...noted, ...core.warm.idlePids]);
}

async function isWantedHere(
  core: TaskCore,
  homes: ReadonlySet<string>,
  folder: string,
  { cwd }: ShimProcess,
): Promise<boolean> {
  const [kind, namespace = '', id = '', ...rest] = relative(folder, cwd ?? '/').split(sep);
  if (cwd === undefined || kind === '..') return false;
  if (rest.length > 0) return true;
  if (kind === 'bundles') return core.table.get(namespace, id)?.state !== 'dead' && (await exists(cwd));
  if (kind === 'warm') return homes.has(`${namespace}/${id}`) || core.warm.isOwn(namespace, id);
  // Of another engine whose state folder lies in ours.
  return true;
}

/** As `namespace/id`. */
async function homesInUse(core: TaskCore): Promise<Set<string>> {
  const homes = await Promise.all(core.table.all().map((task) => core.warm.homeOf(task.params.bundle)));
  return new Set(homes.filter((home) => home !== undefined).map(({ namespace, id }) => keyOf(namespace, id)));
}

/** Gives the bundle back when it has no task. */
async function enter(core: TaskCore, bundle: Bundle): Promise<Bundle | undefined> {
  try {
    const [binary, record] = await Promise.all([readShimBinary(bundle), readShimRecord(bundle)]);
    if (binary === undefined || (await readBootstrap(bundle)) === undefined) return bundle;
    const api = record?.api ?? shimApiOf(binary);
    const params = core.paramsOf(bundle, { binary, options: undefined });
    const task = ShimTask.found(shimTaskOptions(core, api, params));
    core.table.enter(bundle.namespace, task);
    void task.settled().then(() => watchOom(core, api, bundle.namespace, bundle.id, task.pid));
    return undefined;
  } catch (err) {
    core.log.error({ err, containerId: bundle.id, bundle: bundle.path }, 'read a bundle');
    return undefined;
  }
}

/** Its shim, if there is one, has a container that nobody was ever told of. */
async function removeUnborn(core: TaskCore, bundle: Bundle): Promise<void> {
  const { id, namespace, path } = bundle;
  const release = core.table.reserve(namespace, id);
  try {
    await endShimsIn(core, path);
    const binary = await readShimBinary(bundle);
    const record = await readShimRecord(bundle);
    if (binary !== undefined && (await exists(join(path, 'config.json')))) {
      const params = core.paramsOf(bundle, { binary, options: undefined });
      await core.dialects[record?.api ?? shimApiOf(binary)].cleanup(params, {
        timeoutMs: TIMEOUTS.cleanup,
        signal: core.signal,
      });
    }
    await core.bundles.remove(bundle, { timeoutMs: TIMEOUTS.cleanup });
  } catch (err) {
    core.log.error(
      { err, containerId: id, bundle: path },
      `remove the bundle of a task that was never made: ${errorText(err)}`,
    );
  } finally {
    release?.();
  }
}

/** Not one that another container of its group lives in. */
async function endShimsIn(core: TaskCore, path: string): Promise<void> {
  const folder = await realpath(path);
  const shims = await findShims({ bundles: dirname(folder) }, { signal: core.signal });
  const known = await pidsInUse(core);
  for (const shim of shims) if (shim.cwd === folder && !known.has(shim.pid)) await endQuietly(core, shim);
}

/**
 * The slow part: waits until all shims were found or found dead, then ends the leaked ones. Ends early with the core.
 * Never rejects.
 */
export async function finishLoading(
  core: TaskCore,
  { state, eventSocket, signal }: ShimFolders & { readonly signal: AbortSignal },
): Promise<void> {
  try {
    const settled = Promise.all(core.table.all().map((task) => task.settled()));
    // A shim that hangs settles nothing; the others' leftovers can wait no longer than this.
    await withinCall('find the shims of an earlier life', settled, { timeoutMs: TIMEOUTS.load * 2, signal }).catch(
      () => {},
    );
    if (!signal.aborted) await endLeakedShims(core, { state, eventSocket });
  } catch (err) {
    if (!signal.aborted) core.log.error({ err, state }, 'end leaked shims');
  }
}

async function endQuietly(core: TaskCore, shim: ShimProcess): Promise<void> {
  try {
    await endShim(shim, { timeoutMs: TIMEOUTS.shutdown });
  } catch (err) {
    core.log.warn({ err, pid: shim.pid }, 'end a leaked shim');
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Where the init processes that live print to. */
export async function liveOutputs(core: TaskCore): Promise<StdioConfig[]> {
  const call = { timeoutMs: TIMEOUTS.listed, signal: core.signal };
  const live = core.table.all().filter((task) => task.state === 'live');
  const states = live.map((task) =>
    task
      .ask((tasks) => tasks.state({ id: task.id, execId: '' }, call), call)
      .catch((err: unknown) => {
        core.log.debug({ err, containerId: task.id }, 'ask where a task prints to');
        return undefined;
      }),
  );
  return (await Promise.all(states)).filter((state) => state !== undefined);
}
