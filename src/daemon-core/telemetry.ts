import type { EngineContext } from './engine-context.js';
import type { EventCount } from './events/event-log.js';
import type { ContainerStatus } from './state/record.js';

/** What an engine has at one moment, and how many events it has told of since it was opened. */
export interface EngineTelemetry {
  /** Every status is there, also with 0. */
  readonly containers: Readonly<Record<ContainerStatus, number>>;
  /** Execs that have started and not ended. Probes of health checks are not among them. */
  readonly execsRunning: number;
  /** Since the engine was opened, in the order in which each kind came first. */
  readonly events: readonly EventCount[];
  /** Streams of `Engine.events` that are open. */
  readonly eventSubscribers: number;
  readonly starts: {
    /** Those that wait for their turn, see `EngineOptions.concurrency`. */
    readonly waiting: number;
    readonly underWay: number;
  };
}

/** From what is in memory: no call, no wait, no file. */
export function telemetryOf(engine: EngineContext): EngineTelemetry {
  const containers: Record<ContainerStatus, number> = {
    created: 0,
    running: 0,
    paused: 0,
    restarting: 0,
    removing: 0,
    exited: 0,
    dead: 0,
  };
  for (const { state } of engine.containers.all()) containers[state.status]++;
  let execsRunning = 0;
  for (const { status } of engine.execs.live.values()) if (status === 'running') execsRunning++;
  return {
    containers,
    execsRunning,
    events: engine.events.counts(),
    eventSubscribers: engine.events.subscribers,
    starts: { waiting: engine.starts.size, underWay: engine.starts.pending },
  };
}
