import PQueue from 'p-queue';
import { cancellation, isDeadlineExceeded, isNotFound, NotFoundError } from '../../errdefs/index.js';
import type { Metric } from '../../protocol/gen/containerd/types/types.js';
import { decodeMetrics } from '../../stats/decode-metrics.js';
import type { Metrics } from '../../stats/metrics.js';
import { remaining } from '../deadline.js';
import { assertIdentifier } from '../identifiers.js';
import type { RunTable } from '../run-table.js';
import type { CallOptions } from '../types.js';
import type { ObjectContext } from './context.js';
import type { TaskService } from './task-service.js';
import { TIMEOUTS } from './timeouts.js';

/** What of the client is needed to sample. */
export type SampleContext = Pick<ObjectContext, 'namespace' | 'slowTasks' | 'unreadableMetrics' | 'log'> & {
  readonly tasks: Pick<TaskService, 'metrics' | 'get'>;
  readonly table: Pick<RunTable, 'runs'>;
};

/** One task's sample. containerd leaves a task out whose shim did not answer; then Get tells whether it exists. */
export async function sampleOne(context: SampleContext, containerId: string, call: CallOptions): Promise<Metrics> {
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
 * by itself; those that still do not answer while others do are left out for a while. After it each is asked beside the
 * others, which wait for it no more, and is among them again once it has answered.
 */
export async function sampleMany(
  context: SampleContext,
  ids: readonly string[] | undefined,
  call: CallOptions,
): Promise<Map<string, Metrics>> {
  for (const id of ids ?? []) assertIdentifier('container', id);
  const startedAt = performance.now();
  const endBy = startedAt + (call.timeoutMs ?? Number.POSITIVE_INFINITY);
  const wanted = withoutSlow(context, ids);
  if (wanted?.length === 0) return new Map();
  const batchMs = Math.min((call.timeoutMs ?? Number.POSITIVE_INFINITY) * BATCH_SHARE, TIMEOUTS.statsBatch);
  const samples = await sampleBatch(context, wanted, { signal: call.signal, timeoutMs: Math.max(1, batchMs) });
  // An answer in good time is whole: what is not in it does not run. One near its deadline is not: containerd leaves out
  // what it had no time for, in silence.
  if (performance.now() - startedAt < batchMs / 2) return samples;
  const missing = (wanted ?? context.table.runs().map((run) => run.containerId)).filter((id) => !samples.has(id));
  const late: string[] = [];
  const single = async (id: string) => {
    const timeoutMs = Math.max(SINGLE_LEAST_MS, Math.min(TIMEOUTS.statsSingle, endBy - performance.now()));
    try {
      samples.set(id, await sampleOne(context, id, { signal: call.signal, timeoutMs }));
    } catch (err) {
      if (isDeadlineExceeded(err)) late.push(id);
      else if (!isNotFound(err)) context.log.debug({ err, containerId: id }, 'sample a task');
    }
  };
  const queue = new PQueue({ concurrency: SINGLE_CONCURRENCY });
  await queue.addAll(missing.map((id) => () => single(id)));
  if (call.signal?.aborted) throw cancellation('sample tasks', call.signal.reason);
  // Where nothing answers it is not these shims that hang, and they are there again with the backend.
  if (samples.size > 0) for (const id of late) context.slowTasks.set(id, performance.now() + SLOW_FOR_MS);
  return samples;
}

/** Empty when there was no answer in time. */
async function sampleBatch(
  context: SampleContext,
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
/** Types come from shims. */
const UNREADABLE_MAX = 100;

/** Ids to ask for, by name as soon as one of all is to be left out. */
function withoutSlow(context: SampleContext, ids: readonly string[] | undefined): readonly string[] | undefined {
  const { slowTasks, table } = context;
  for (const [id, until] of slowTasks) if (until <= performance.now()) askAgain(context, id);
  if (slowTasks.size === 0) return ids;
  return (ids ?? table.runs().map((run) => run.containerId)).filter((id) => !slowTasks.has(id));
}

/** Ends by its own deadline; only that it has passed means that the task still hangs. */
function askAgain(context: SampleContext, id: string): void {
  const { slowTasks } = context;
  slowTasks.set(id, performance.now() + SLOW_FOR_MS);
  sampleOne(context, id, { timeoutMs: TIMEOUTS.statsSingle }).then(
    () => slowTasks.delete(id),
    (err: unknown) => !isDeadlineExceeded(err) && slowTasks.delete(id),
  );
}

/** A task with metrics of a kind nobody knows must not cost the samples of all others, nor fill the log with each sample. */
function collect({ log, unreadableMetrics }: SampleContext, metrics: readonly Metric[]): Map<string, Metrics> {
  const samples = new Map<string, Metrics>();
  for (const metric of metrics) {
    try {
      const sample = decode(metric);
      if (sample !== undefined) samples.set(metric.id, sample);
    } catch (err) {
      const type = metric.data?.typeUrl ?? '';
      const isNew = !unreadableMetrics.has(type) && unreadableMetrics.size < UNREADABLE_MAX;
      if (isNew) unreadableMetrics.add(type);
      log[isNew ? 'warn' : 'debug']({ err, containerId: metric.id }, 'read the metrics of a task');
    }
  }
  return samples;
}

function decode(metric: Metric): Metrics | undefined {
  if (metric.data === undefined || metric.data.typeUrl === '') return undefined;
  return decodeMetrics(metric.data, metric.timestamp ?? new Date());
}
