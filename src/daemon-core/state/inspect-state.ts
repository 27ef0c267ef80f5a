import type { ContainerState, ContainerStatus, HealthState } from './record.js';

/** `State` of Docker's `GET /containers/ID/json`. */
export interface InspectedState {
  readonly Status: ContainerStatus;
  /** Also while it is paused or waits to be started again (moby `container/state.go`). */
  readonly Running: boolean;
  readonly Paused: boolean;
  readonly Restarting: boolean;
  readonly OOMKilled: boolean;
  readonly Dead: boolean;
  readonly Pid: number;
  readonly ExitCode: number;
  readonly Error: string;
  readonly StartedAt: string;
  readonly FinishedAt: string;
  /** Absent when the container has no health check. */
  readonly Health?: HealthState;
}

/** How Go writes a time that was never set. */
const NEVER = '0001-01-01T00:00:00Z';

/** The state as `docker inspect` shows it. */
export function inspectState(state: ContainerState): InspectedState {
  const { status, health } = state;
  return {
    Status: status,
    Running: status === 'running' || status === 'paused' || status === 'restarting',
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: state.oom.killed,
    Dead: status === 'dead',
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt || NEVER,
    FinishedAt: state.finishedAt || NEVER,
    ...(health === undefined ? {} : { Health: health }),
  };
}
