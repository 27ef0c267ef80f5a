import PQueue from 'p-queue';
import { cancellation, isDeadlineExceeded, isNotFound, NotFoundError } from '../../errdefs/index.js';
import type { Metric } from '../../protocol/gen/containerd/types/types.js';
import { decodeMetrics } from '../../stats/decode-metrics.js';
import type { Metrics } from '../../stats/metrics.js';
import { remaining } from '../deadline.js';
import { assertIdentifier } from '../identifiers.js';
import type { CallOptions } from '../types.js';
import type { ObjectContext } from './context.js';
import { TIMEOUTS } from './timeouts.js';

/** One task's sample. containerd leaves a task out whose shim did not answer; then Get tells whether it exists. */
export async function sampleOne(context: ObjectContext, containerId: string, call: CallOptions): Promise<Metrics> {
  const rest = remaining(call);
  const filters = [`id=="${containerId}"`];
  const { metrics } = await context.tasks.metrics({ filters }, call);
  const metric = metrics.find(({ id }) => id === containerId);
  const sample = metric === undefined ? undefined : decode(metric);
  if (sample !== undefined) return sample;
  await context.tasks.get({ containerId, execId: '' }, rest());
  throw new NotFoundError(`sample task ${containerId}: it has no metrics now`, { fields: { containerId } });
}

/**
 * Samples of many tasks in one call. One hung shim blocks the whole answer, so past a short deadline each is asked for
 * by itself; those that still do not answer are left out, and not asked again for a while.
 */
export async function sampleMany(
  context: ObjectContext,
  ids: readonly string[] | undefined,
  call: CallOptions,
): Promise<Map<string, Metrics>> {
  for (const id of ids ?? []) assertIdentifier('container', id);
  const startedAt = Date.now();
  const endBy = startedAt + (call.timeoutMs ?? Number.POSITIVE_INFINITY);
  const wanted = withoutSlow(context, ids);
  if (wanted?.length === 0) return new Map();
  const batchMs = Math.min((call.timeoutMs ?? Number.POSITIVE_INFINITY) * BATCH_SHARE, TIMEOUTS.statsBatch);
  const samples = await sampleBatch(context, wanted, { signal: call.signal, timeoutMs: Math.max(1, batchMs) });
  // An answer in good time is whole: what is not in it does not run. One near its deadline is not: containerd leaves out
  // what it had no time for, in silence.
  if (Date.now() - startedAt < batchMs / 2) return samples;
  const missing = (wanted ?? context.table.runs().map((run) => run.containerId)).filter((id) => !samples.has(id));
  const single = async (id: string) => {
    const timeoutMs = Math.max(SINGLE_LEAST_MS, Math.min(TIMEOUTS.statsSingle, endBy - Date.now()));
    try {
      samples.set(id, await sampleOne(context, id, { signal: call.signal, timeoutMs }));
    } catch (err) {
      if (isDeadlineExceeded(err)) context.slowTasks.set(id, Date.now() + SLOW_FOR_MS);
      else if (!isNotFound(err)) context.log.debug({ err, containerId: id }, 'sample a task');
    }
  };
  const queue = new PQueue({ concurrency: SINGLE_CONCURRENCY });
  await queue.addAll(missing.map((id) => () => single(id)));
  if (call.signal?.aborted) throw cancellation('sample tasks', call.signal.reason);
  return samples;
}

/** Empty when there was no answer in time. */
async function sampleBatch(
  context: ObjectContext,
  ids: readonly string[] | undefined,
  call: CallOptions,
): Promise<Map<string, Metrics>> {
  const filters = ids?.map((id) => `id=="${id}"`) ?? [];
  try {
    const { metrics } = await context.tasks.metrics({ filters }, call);
    return collect(context, metrics);
  } catch (err) {
    if (!isDeadlineExceeded(err) || call.signal?.aborted) throw err;
    context.log.warn({ err, namespace: context.namespace }, 'sampling all tasks took too long; asking one by one');
    return new Map();
  }
}

/** Of the caller's time, so that some is left to ask one by one. */
const BATCH_SHARE = 0.6;
const SINGLE_CONCURRENCY = 32;
const SINGLE_LEAST_MS = 200;
const SLOW_FOR_MS = 30_000;

/** Ids to ask for, by name as soon as one of all is to be left out. */
function withoutSlow(
  { slowTasks, table }: ObjectContext,
  ids: readonly string[] | undefined,
): readonly string[] | undefined {
  for (const [id, until] of slowTasks) {
    if (until <= Date.now()) slowTasks.delete(id);
  }
  if (slowTasks.size === 0) return ids;
  return (ids ?? table.runs().map((run) => run.containerId)).filter((id) => !slowTasks.has(id));
}

/** A task with metrics of a kind nobody knows must not cost the samples of all others. */
function collect({ log }: ObjectContext, metrics: readonly Metric[]): Map<string, Metrics> {
  const samples = new Map<string, Metrics>();
  for (const metric of metrics) {
    try {
      const sample = decode(metric);
      if (sample !== undefined) samples.set(metric.id, sample);
    } catch (err) {
      log.warn({ err, containerId: metric.id }, 'read the metrics of a task');
    }
  }
  return samples;
}

function decode(metric: Metric): Metrics | undefined {
  if (metric.data === undefined || metric.data.typeUrl === '') return undefined;
  return decodeMetrics(metric.data, metric.timestamp ?? new Date());
}
