import { setImmediate as nextTurn } from 'node:timers/promises';
import { NotFoundError, toEngineError } from '../../errdefs/index.js';
import { withinCall } from '../../libcontainerd/deadline.js';
import type { CallOptions } from '../../libcontainerd/types.js';
import type { ContainerStats } from '../../stats/container-stats.js';
import { emptyStats } from '../../stats/empty-stats.js';
import { type HostCpu, hostCpuBefore } from '../../stats/host-cpu.js';
import { assembleSample } from './assemble-sample.js';
import type { SampleSource } from './sample-source.js';
import type { PreviousSample, SampledContainer, SampledRun } from './sampled-container.js';

/** With one hung shim a backend asks once more, one by one; it is given the time for both. */
const ROUND_MS = 5_000;
/** For a backend that does not keep its time. */
const LATE_MS = 1_000;
/** Some milliseconds of work. */
const SAMPLES_PER_TURN = 32;

export interface SampleRequest {
  readonly container: SampledContainer;
  readonly previous: PreviousSample | undefined;
}

export interface SampleOutcome {
  /** Empty when nothing runs, or with `error`. */
  readonly stats: ContainerStats;
  /** Of which run it is; `undefined` for an empty one. */
  readonly run?: number;
  /** Why there is none of this one container, which runs. */
  readonly error?: Error;
}

/**
 * Takes a sample of each container with one call to the backend, and none when nothing runs. Each is told as soon as it is
 * there; what is wrong with one costs the others nothing. The CPU time of the host is read after the containers' (moby
 * `daemon/stats.go`), and counted back to when each was sampled.
 * @returns what has gone wrong for all of them: each is told an empty sample then. Never rejects
 */
export async function sampleRound<R extends SampleRequest>(
  source: SampleSource,
  requests: readonly R[],
  signal: AbortSignal,
  tell: (request: R, outcome: SampleOutcome) => void,
): Promise<Error | undefined> {
  const empty = ({ container: { id, name } }: R) => emptyStats({ id, name, osType: source.osType });
  const running = new Map<R, SampledRun>();
  for (const request of requests) {
    const { run } = request.container;
    if (run === undefined) tell(request, { stats: empty(request) });
    else running.set(request, run);
  }
  if (running.size === 0) return undefined;
  const ids = [...running.keys()].map(({ container }) => container.id);
  try {
    const call: CallOptions = { signal, timeoutMs: ROUND_MS };
    const late = { signal, timeoutMs: ROUND_MS + LATE_MS };
    const metrics = await withinCall('sample containers', source.metrics(ids, call), late);
    const hostCpu = await source.hostCpu(signal);
    const hostReadAt = Date.now();
    let left = SAMPLES_PER_TURN;
    for (const [request, run] of running) {
      const { container, previous } = request;
      const raw = metrics.get(container.id);
      try {
        // One that was started again meanwhile may have been sampled in either run.
        if (raw === undefined || container.run?.number !== run.number) throw noSample(container.id);
        const cpuThen = asOf(raw.readAt, hostCpu, hostReadAt);
        const stats = await assembleSample(source, {
          container,
          run,
          metrics: raw,
          hostCpu: cpuThen,
          previous,
          signal,
        });
        tell(request, { stats, run: run.number });
      } catch (err) {
        // One that has ended meanwhile has no sample, and nothing is wrong.
        const isEnded = container.run?.number !== run.number;
        tell(request, { stats: empty(request), ...(isEnded ? {} : { error: toEngineError(err) }) });
      }
      running.delete(request);
      if (--left > 0) continue;
      left = SAMPLES_PER_TURN;
      await nextTurn();
    }
    return undefined;
  } catch (err) {
    for (const request of running.keys()) tell(request, { stats: empty(request) });
    return toEngineError(err);
  }
}

/**
 * A hung shim holds up the answer, but not the samples of the others in it: compared with the host's time of seconds later their
 * share would be too small, and that of the next round too large.
 */
function asOf(readAt: Date, hostCpu: HostCpu, hostReadAt: number): HostCpu {
  const agoMs = hostReadAt - readAt.getTime();
  // Else a clock was set meanwhile, or is another machine's.
  return agoMs > 0 && agoMs <= ROUND_MS + LATE_MS ? hostCpuBefore(hostCpu, agoMs) : hostCpu;
}

function noSample(containerId: string): NotFoundError {
  return new NotFoundError(`sample container ${containerId}: its backend gave no sample`, { fields: { containerId } });
}
