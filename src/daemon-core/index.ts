// What an embedder needs: the engine, and the seam's objects that its containers have.

export type { AttachStdio, Client, Container, ExitStatus, Process, Task } from '../libcontainerd/types.js';
export type { ContainerConfig, HealthConfig } from '../oci/config/container-config.js';
export type { ExecConfig, HostConfig, Resources, RestartPolicy } from '../oci/config/host-config.js';
export type { ContainerStats } from '../stats/container-stats.js';
export type { WaitCondition, WaitResult } from './container/waits.js';
export { createEngine } from './create-engine.js';
export {
  type DaemonFlags,
  type DaemonOptions,
  type DaemonSources,
  daemonOptionsOf,
  engineOptionsOf,
} from './daemon-options.js';
export { Engine, type NewContainer } from './engine.js';
export { EngineContainer } from './engine-container.js';
export { EngineExec } from './engine-exec.js';
export type { ContainerDefaults, EngineOptions } from './engine-options.js';
export type { EventCount } from './events/event-log.js';
export type { LogEntry, ReadLogsOptions } from './logs/log-driver.js';
export type { MetricsOptions } from './metrics-options.js';
export type { CheckpointCreateOptions } from './operations/checkpoint.js';
export type { CreateOptions } from './operations/create.js';
export type { ContainerInspect } from './operations/inspect.js';
export type { PruneReport } from './operations/prune.js';
export type { RemoveOptions } from './operations/remove.js';
export type { StartOptions } from './operations/start.js';
export type { StatsOptions } from './operations/stats.js';
export type { StopOptions } from './operations/stop.js';
export type { ContainerUpdate } from './operations/update.js';
export { type HangupOptions, reloadOnHangup } from './reload-on-hangup.js';
export type { ContainerRecord, ContainerState, ContainerStatus, OomFacts, RootfsSource } from './state/record.js';
export type { Attachment, AttachOptions } from './streams/stream-hub.js';
export type { EngineTelemetry } from './telemetry.js';
