import { isDeadlineExceeded, isNotFound, NotFoundError } from '../../errdefs/index.js';
import { TasksDefinition } from '../../protocol/gen/containerd/services/tasks.js';
import type { Metric } from '../../protocol/gen/containerd/types/types.js';
import { decodeMetrics } from '../../stats/decode-metrics.js';
import type { Metrics } from '../../stats/metrics.js';
import type { CallOptions } from '../types.js';
import type { RemoteContext } from './context.js';
import { TIMEOUTS } from './timeouts.js';

/** One task's sample. containerd leaves a task out whose shim did not answer; then Get tells whether it exists. */
export async function sampleOne(context: RemoteContext, containerId: string, call: CallOptions): Promise<Metrics> {
  const { metrics } = await context.channel.unary(
    TasksDefinition,
    'metrics',
    { filters: [`id=="${containerId}"`] },
    call,
  );
  const metric = metrics.find(({ id }) => id === containerId);
  const sample = metric === undefined ? undefined : decode(metric);
  if (sample !== undefined) return sample;
  await context.channel.unary(TasksDefinition, 'get', { containerId, execId: '' }, call);
  throw new NotFoundError(`sample task ${containerId}: it has no metrics now`, { fields: { containerId } });
}

/**
 * Samples of many tasks in one call. One hung shim blocks the whole answer, so past a short deadline each is asked for
 * itself, and the slow ones are left out.
 */
export async function sampleMany(
  context: RemoteContext,
  ids: readonly string[] | undefined,
  call: CallOptions,
): Promise<Map<string, Metrics>> {
  if (ids?.length === 0) return new Map();
  const filters = ids?.map((id) => `id=="${id}"`) ?? [];
  try {
    const bounded = {
      signal: call.signal,
      timeoutMs: Math.min(call.timeoutMs ?? TIMEOUTS.statsBatch, TIMEOUTS.statsBatch),
    };
    const { metrics } = await context.channel.unary(TasksDefinition, 'metrics', { filters }, bounded);
    return collect(metrics);
  } catch (err) {
    if (!isDeadlineExceeded(err) || call.signal?.aborted) throw err;
    context.log.warn(
      { err, namespace: context.namespace },
      'sample all tasks at once took too long; asking one by one',
    );
  }
  const wanted = ids ?? context.table.runs().map((run) => run.containerId);
  const samples = await Promise.all(
    wanted.map(async (id): Promise<[string, Metrics] | undefined> => {
      try {
        return [id, await sampleOne(context, id, { signal: call.signal, timeoutMs: TIMEOUTS.statsSingle })];
      } catch (err) {
        if (!isDeadlineExceeded(err) && !isNotFound(err)) throw err;
        return undefined;
      }
    }),
  );
  return new Map(samples.filter((sample) => sample !== undefined));
}

function collect(metrics: readonly Metric[]): Map<string, Metrics> {
  const samples = new Map<string, Metrics>();
  for (const metric of metrics) {
    const sample = decode(metric);
    if (sample !== undefined) samples.set(metric.id, sample);
  }
  return samples;
}

function decode(metric: Metric): Metrics | undefined {
  if (metric.data === undefined || metric.data.typeUrl === '') return undefined;
  return decodeMetrics(metric.data, metric.timestamp ?? new Date());
}
