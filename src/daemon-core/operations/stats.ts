import { InvalidArgumentError, isConflict, isNotFound, toEngineError } from '../../errdefs/index.js';
import type { CallOptions } from '../../libcontainerd/types.js';
import { type ContainerStats, ZERO_TIME } from '../../stats/container-stats.js';
import { emptyStats, NO_CPU } from '../../stats/empty-stats.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { assembleSample } from '../stats/assemble-sample.js';
import type { SampledContainer, SampledRun } from '../stats/sampled-container.js';
import { PushStream } from '../streams/push-stream.js';
import { networkOwnerOf } from './joined.js';
import { assertThere } from './preconditions.js';

export interface StatsOptions {
  /** One sample a second until the container is removed; else one sample. @default true */
  readonly stream?: boolean | undefined;
  /** With `stream: false`: do not wait a second for a sample to compare with. @default false */
  readonly oneShot?: boolean | undefined;
}

/**
 * Samples of a container by the rules of Docker (moby `daemon/stats.go`):
 * - a stream begins with a sample that has zeros for the one before, and goes on while the container is stopped, with
 *   empty samples;
 * - `stream: false` gives a sample that has one before it, after about a second; with `oneShot` at once and without;
 * - while nothing runs both give an empty sample at once.
 *
 * What cannot be sampled for whatever reason is an empty sample too, but for a one-shot. Each iteration is a
 * subscription of its own, from its beginning to its end, a `return()` as of `for await`, or the signal. A reader that is
 * slow gets the newest sample, and those between are dropped.
 * @param call `timeoutMs` bounds the whole iteration. @default none for a stream, which has a sample every second or so
 * @returns it ends with the container's removal and with the engine. Its reader gets CanceledError or DeadlineExceededError
 * by the call; of a one-shot, what the backend says but NotFoundError and ConflictError
 * @throws InvalidArgumentError for a stream that is one-shot; NotFoundError `ERR_CONTAINER_NOT_FOUND` when it was removed meanwhile
 */
export function statsOfContainer(
  engine: EngineContext,
  c: ManagedContainer,
  { stream: isStream = true, oneShot = false }: StatsOptions = {},
  call: CallOptions = {},
): AsyncIterable<ContainerStats> {
  if (isStream && oneShot) throw new InvalidArgumentError('cannot have stream=true and one-shot=true');
  assertThere(c);
  return {
    [Symbol.asyncIterator]() {
      const stream = new PushStream<ContainerStats>({
        what: `sample container ${c.id}`,
        max: 1,
        whenFull: 'drop-oldest',
        ...call,
      });
      if (stream.isOver) return stream;
      const sampled = sampledOf(engine, c);
      if (c.isGone) stream.end();
      else if (isStream) follow(engine, sampled, stream);
      else if (sampled.run === undefined) only(stream, emptyOf(engine, sampled));
      else if (oneShot) sampleOnce(engine, c, sampled, stream, call);
      else compareTwo(engine, sampled, stream);
      return stream;
    },
  };
}

/** As others see it: all of them get the same object, but for the first, which follows none here. */
function follow(engine: EngineContext, container: SampledContainer, stream: PushStream<ContainerStats>): void {
  let isFirst = true;
  subscribe(engine, container, stream, (stats) => {
    stream.push(isFirst ? withoutPrevious(stats) : stats);
    isFirst = false;
  });
}

/** The first that knows of one before it; or else the second, of a container that has ended or begun a new run meanwhile. */
function compareTwo(engine: EngineContext, container: SampledContainer, stream: PushStream<ContainerStats>): void {
  let isFirst = true;
  subscribe(engine, container, stream, (stats) => {
    if (!isFirst || stats.preread !== ZERO_TIME) only(stream, stats);
    isFirst = false;
  });
}

function subscribe(
  engine: EngineContext,
  container: SampledContainer,
  stream: PushStream<ContainerStats>,
  next: (stats: ContainerStats) => void,
): void {
  stream.onEnd(engine.stats.subscribe(container, { next, end: () => stream.end() }));
}

function sampleOnce(
  engine: EngineContext,
  c: ManagedContainer,
  container: SampledContainer,
  stream: PushStream<ContainerStats>,
  { timeoutMs }: CallOptions,
): void {
  const over = new AbortController();
  const { signal } = over;
  stream.onEnd(() => over.abort());
  const sample = async (): Promise<ContainerStats> => {
    const { source } = engine.stats;
    const { run } = container;
    const task = c.run?.task;
    if (run === undefined || task === undefined) return emptyOf(engine, container);
    try {
      const metrics = await task.stats({ signal, timeoutMs });
      const hostCpu = await source.hostCpu(signal);
      return await assembleSample(source, { container, run, metrics, hostCpu, previous: undefined, signal });
    } catch (err) {
      if (isNotFound(err) || isConflict(err)) return emptyOf(engine, container);
      throw err;
    }
  };
  sample().then(
    (stats) => only(stream, stats),
    (err: unknown) => stream.fail(toEngineError(err)),
  );
}

function only(stream: PushStream<ContainerStats>, stats: ContainerStats): void {
  stream.push(stats);
  stream.end();
}

function withoutPrevious(stats: ContainerStats): ContainerStats {
  return stats.preread === ZERO_TIME ? stats : { ...stats, preread: ZERO_TIME, precpu_stats: NO_CPU };
}

function emptyOf(engine: EngineContext, { id, name }: SampledContainer): ContainerStats {
  return emptyStats({ id, name, osType: engine.stats.source.osType });
}

function sampledOf(engine: EngineContext, c: ManagedContainer): SampledContainer {
  return {
    id: c.id,
    get name() {
      return `/${c.record.name}`;
    },
    get run() {
      return runOf(engine, c);
    },
  };
}

/** Paused ones have statistics; the end of one may be known before it is committed. */
function runOf(engine: EngineContext, c: ManagedContainer): SampledRun | undefined {
  const { run } = c;
  if (run === undefined || !c.isAlive || run.task.state.exit !== undefined) return undefined;
  return {
    number: run.number,
    get networkPid() {
      return hasNetwork(engine, c) ? run.task.pid : undefined;
    },
  };
}

/**
 * Whether the interfaces where it runs are its own, or those of the container that it joins. As in dockerd neither the host's
 * are, nor is the loopback of `none`.
 */
function hasNetwork(engine: EngineContext, c: ManagedContainer): boolean {
  if (c.record.config.NetworkDisabled === true) return false;
  try {
    const { NetworkMode = 'none' } = networkOwnerOf(engine, c).record.hostConfig;
    return NetworkMode !== 'host' && NetworkMode !== 'none';
  } catch (err) {
    // The joined container is removed: whose network that was, nobody knows any more.
    if (isNotFound(err)) return false;
    throw err;
  }
}
