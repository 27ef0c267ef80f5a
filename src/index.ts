// For whoever runs containers.

// The engine: containers with a life.
export {
  type Attachment,
  type AttachOptions,
  type CheckpointCreateOptions,
  type ContainerConfig,
  type ContainerInspect,
  type ContainerRecord,
  type ContainerState,
  type ContainerStatus,
  type ContainerUpdate,
  type CreateOptions,
  createEngine,
  type DaemonFlags,
  type DaemonOptions,
  type DaemonSources,
  daemonOptionsOf,
  Engine,
  EngineContainer,
  EngineExec,
  type EngineOptions,
  type EngineTelemetry,
  type EventCount,
  type ExecConfig,
  engineOptionsOf,
  type HangupOptions,
  type HealthConfig,
  type HostConfig,
  type LogEntry,
  type MetricsOptions,
  type NewContainer,
  type OomFacts,
  type PruneReport,
  type ReadLogsOptions,
  type RemoveOptions,
  type Resources,
  type RestartPolicy,
  type RootfsSource,
  reloadOnHangup,
  type StartOptions,
  type StatsOptions,
  type StopOptions,
  type WaitCondition,
  type WaitResult,
} from './daemon-core/index.js';
// Errors: by class with `instanceof` or `isNotFound(err)`, by what happened with `err.code` (docs/errors.md).
export {
  AbortedError,
  AlreadyExistsError,
  CanceledError,
  ConflictError,
  DataLossError,
  DeadlineExceededError,
  EngineError,
  type ErrorClass,
  type ErrorCode,
  errorText,
  FailedPreconditionError,
  InternalError,
  InvalidArgumentError,
  isAborted,
  isAlreadyExists,
  isCanceled,
  isConflict,
  isDataLoss,
  isDeadlineExceeded,
  isFailedPrecondition,
  isInternal,
  isInvalidArgument,
  isNotFound,
  isNotImplemented,
  isNotModified,
  isOutOfRange,
  isPermissionDenied,
  isResourceExhausted,
  isUnauthenticated,
  isUnavailable,
  isUnknown,
  NotFoundError,
  NotImplementedError,
  NotModifiedError,
  OutOfRangeError,
  PermissionDeniedError,
  ResourceExhaustedError,
  resolveClass,
  toHttpStatus,
  toStatus,
  UnauthenticatedError,
  UnavailableError,
  UnknownError,
} from './errdefs/index.js';
export { type ConnectOptions, connect } from './libcontainerd/connect.js';
export type {
  ContainerEvent,
  EventHandler,
  EventsOptions,
  EventType,
  ExitEvent,
  PlainEvent,
  Subscription,
} from './libcontainerd/event.js';
export type { LocalClient } from './libcontainerd/local/linux/client.js';
export { connectLocal, type LocalConnectOptions } from './libcontainerd/local/linux/connect.js';
export { EmbeddedCore } from './libcontainerd/local/linux/core.js';
export type { CoreOptions, LocalClientOptions } from './libcontainerd/local/linux/options.js';
export { Administrator, type NamespaceInfo, type TenantContainer } from './libcontainerd/remote/administrator.js';
// For other libraries and daemons on top.
export type { RemoteClient } from './libcontainerd/remote/client.js';
export type { RemoteConnectOptions } from './libcontainerd/remote/connect.js';
export { connectRemote } from './libcontainerd/remote/connect.js';
export {
  type BackoffOptions,
  type ContainerdTuning,
  type ContainerdVersion,
  type HealthOptions,
  ManagedContainerd,
  type ManagedContainerdOptions,
  type ManagedState,
} from './libcontainerd/remote/managed/index.js';
export { replaceContainer } from './libcontainerd/replace.js';
export type {
  AttachExternal,
  AttachStdio,
  CallOptions,
  Capabilities,
  CheckpointOptions,
  Client,
  Container,
  ExecOptions,
  ExitStatus,
  ExternalOutput,
  ExternalStdio,
  ExternalStdioOptions,
  FileStdioOptions,
  GenericRuntimeOptions,
  KillOptions,
  NewContainerOptions,
  NewTaskOptions,
  OutputFlow,
  OutputSink,
  OutputStream,
  Process,
  ProcessStatus,
  ProcessSummary,
  RestoredContainer,
  RestoreOptions,
  RootfsMount,
  RuncOptions,
  RunSnapshot,
  RuntimeOptions,
  StatusInfo,
  StdioOptions,
  StdioStreams,
  Task,
  VersionInfo,
} from './libcontainerd/types.js';
export { createLogger, type Logger, type LoggerOptions, type LogLevel } from './log/logger.js';
// Prometheus metrics. Loads prom-client when it is called, not when it is imported.
export { type ServedMetrics, type ServeMetricsOptions, serveEngineMetrics } from './metrics/serve-engine.js';
export type {
  LinuxResources,
  OciIdMapping,
  OciLinux,
  OciMount,
  OciNamespace,
  OciProcess,
  OciSpec,
  OciUser,
} from './oci/runtime-spec.js';
// What daemon.json and `--add-runtime` say. `daemonOptionsOf` has all of it for an engine and its metrics.
export {
  type DaemonConfig,
  type DaemonJson,
  loadDaemonJson,
  parseAddRuntime,
  parseAddRuntimes,
  type ResolvedRuntime,
  type RuntimeEntries,
  type RuntimeEntry,
  RuntimeTable,
  type RuntimeTableOptions,
  runtimesFromDaemonJson,
  type UlimitDirective,
} from './runtimes/index.js';
export type { Cgroup1Metrics } from './stats/cgroup1-metrics.js';
export type { Cgroup2Metrics } from './stats/cgroup2-metrics.js';
export {
  type BlkioEntry,
  type BlkioStats,
  type ContainerStats,
  type CpuStats,
  type MemoryStats,
  type NetworkStats,
  type PidsStats,
  type StorageStats,
  ZERO_TIME,
} from './stats/container-stats.js';
export type { Metrics } from './stats/metrics.js';
export { statsJson } from './stats/stats-json.js';
export type { WindowsStatistics } from './stats/windows-statistics.js';
export {
  CONTAINER_STARTS,
  type ContainerStartObservation,
  ObservationChannel,
  OOM_KILLS,
  type OomKillObservation,
  SHIM_STARTS,
  type ShimStartObservation,
} from './telemetry/observations.js';
export { RPC_CHANNEL, RPCS, type RpcObservation } from './telemetry/rpc.js';
