import type { Writable } from 'node:stream';
import type { OutputStream } from '../cio/output-stream.js';
import type { LinuxResources, OciProcess, OciSpec } from '../oci/runtime-spec.js';
import type { Metrics } from '../stats/metrics.js';
import type { ContainerEvent, EventHandler, EventsOptions, Subscription } from './event.js';
import type { ExitStatus } from './exit-status.js';

export type { OutputFlow, OutputSink, OutputStream } from '../cio/output-stream.js';
export type { ExitStatus } from './exit-status.js';

/**
 * THE SEAM. Everything above this file works with any backend and never asks which one it has.
 * Names and semantics follow moby's `daemon/internal/libcontainerd/types`.
 *
 * Errors are `EngineError`s of `errdefs`, the same from every backend. The tests in `testsuite/` are the contract.
 */

/** The last argument of every asynchronous call. */
export interface CallOptions {
  /**
   * Ends the call with `CanceledError`. `newTask`, `exec` and an exec's `start` then remove what the backend may have
   * made; nothing else that it has begun is undone. After a `newContainer` that was given up the container may exist.
   */
  readonly signal?: AbortSignal | undefined;
  /** Upper bound in milliseconds; `DeadlineExceededError` past it. @default the backend's, 30 000 for most calls */
  readonly timeoutMs?: number | undefined;
}

export interface VersionInfo {
  /** What answers: `containerd`, `local/linux`, `fake`... */
  readonly name: string;
  /** For containerd its own version, for example `1.6.20~ds1`. */
  readonly version: string;
  readonly revision: string;
}

/** What a backend can do, declared once, so that callers need not discover it by failing. */
export interface Capabilities {
  /** `Task.checkpoint` and `NewTaskOptions.checkpointDir` reach a checkpoint program. */
  readonly checkpoint: boolean;
  readonly pause: boolean;
  /** `Container.attachTask` finds a running task again after a restart of this process. */
  readonly liveAttach: boolean;
  readonly updateResources: boolean;
  /** The backend reports OOM kills by itself. */
  readonly oomEvents: boolean;
  /** Runtime names with shim API v1 (`io.containerd.runtime.v1.linux`) can be used. */
  readonly runtimeV1: boolean;
  /** Which union member `Task.stats` gives; `none` where the platform reports no statistics. */
  readonly metrics: 'cgroup1' | 'cgroup2' | 'windows' | 'none';
}

export type ProcessStatus = 'created' | 'running' | 'pausing' | 'paused' | 'stopped' | 'unknown';

export interface StatusInfo {
  readonly status: ProcessStatus;
  /** In the host's pid namespace; 0 when the backend does not know it. */
  readonly pid: number;
  /** Present exactly when `status` is `stopped`. */
  readonly exit?: ExitStatus;
}

/** What is known of a run without asking anybody. Made by the reducer in `run-state.ts`. */
export interface RunSnapshot {
  readonly status: ProcessStatus;
  readonly pid: number;
  readonly exit: ExitStatus | undefined;
  /** Some process of the container was OOM-killed in this run. */
  readonly oomKilled: boolean;
  /** Kills as far as known: the kernel's counter where read, else the number of distinct OOM events. */
  readonly oomKills: number;
}

/** The opened ends of a process' stdio. `terminal` means: one raw stream in `stdout`, `stderr` absent. */
export interface StdioStreams {
  readonly stdin: Writable | undefined;
  readonly stdout: OutputStream | undefined;
  readonly stderr: OutputStream | undefined;
  readonly terminal: boolean;
}

/**
 * Called with opened streams before the process can write its first byte. A rejection fails the call that
 * attached (create, exec or attach), which then cleans up after itself. A stream that nobody reads holds the
 * container's writes back once the kernel's pipe (64 KiB) and the stream's buffer are full, and nothing else.
 */
export type AttachStdio = (streams: StdioStreams) => void | Promise<void>;

export interface StdioOptions {
  readonly attach: AttachStdio;
  /** Give the process a stdin; without it stdin is /dev/null. @default false */
  readonly stdin?: boolean | undefined;
}

/**
 * The shim itself appends the output to files on the host, raw, and no byte of it passes through this process. The process has
 * no stdin and no terminal. Nobody deletes the files; they may be truncated while the process runs. All is in them
 * when the task was deleted.
 */
export interface FileStdioOptions {
  readonly files: {
    /** An absolute path. Made with mode 0640 (less the umask) when it is missing; its folder has to be there. */
    readonly stdout: string;
    /** The same, and another file: of one for both, shims close it when the first stream ends. @default /dev/null */
    readonly stderr?: string | undefined;
  };
}

/** The output FIFOs of a process, which another process reads, and its stdin. */
export interface ExternalOutput {
  /** Absolute path; '' when an existing task has no FIFO there. */
  readonly stdout: string;
  /** The same; '' also with a terminal: all is in `stdout` then. */
  readonly stderr: string;
  readonly terminal: boolean;
  /** Absent when the process has none. */
  readonly stdin: Writable | undefined;
}

/**
 * Called with FIFOs that are there, before the process can write its first byte. When it settles, whoever is to read has them open:
 * a FIFO that nobody has open loses its content with its writer. A rejection is that of an `AttachStdio`.
 */
export type AttachExternal = (output: ExternalOutput) => void | Promise<void>;

/**
 * Another process reads the output; no byte of it passes through this one. The FIFOs are removed with the task, whose
 * `delete` waits for no output: call it when the reader has it all.
 */
export interface ExternalStdio {
  readonly external: AttachExternal;
}

export interface ExternalStdioOptions extends ExternalStdio {
  /** Give the process a stdin. @default false */
  readonly stdin?: boolean | undefined;
}

/** A mount the backend makes at the bundle's rootfs before it starts the process (containerd's `types.Mount`). */
export interface RootfsMount {
  readonly type: string;
  readonly source: string;
  readonly target?: string | undefined;
  readonly options: readonly string[];
}

/** Options of runc and runtimes that take its options (`containerd.runc.v1.Options`). Unset means the runtime's default. */
export interface RuncOptions {
  readonly kind: 'runc';
  /** Name or path of the OCI runtime binary. @default 'runc' */
  readonly binaryName?: string | undefined;
  /** State folder of the OCI runtime (`runc --root`), without the namespace. */
  readonly root?: string | undefined;
  readonly systemdCgroup?: boolean | undefined;
  readonly noPivotRoot?: boolean | undefined;
  readonly noNewKeyring?: boolean | undefined;
  /** cgroup path the shim is placed in. */
  readonly shimCgroup?: string | undefined;
  /** Owner of the pipes between shim and process. @default the host ids of the container's 0:0 */
  readonly ioUid?: number | undefined;
  readonly ioGid?: number | undefined;
  /** Every task is restored from this folder, unless it names its own. */
  readonly criuImagePath?: string | undefined;
  /** Where CRIU keeps its logs while it restores. */
  readonly criuWorkPath?: string | undefined;
}

/** Options of any other runtime, passed on unread (`runtimeoptions.v1.Options`). */
export interface GenericRuntimeOptions {
  readonly kind: 'generic';
  readonly typeUrl: string;
  readonly configPath?: string | undefined;
  readonly configBody?: Uint8Array | undefined;
}

export type RuntimeOptions = RuncOptions | GenericRuntimeOptions;

export interface NewContainerOptions {
  /** Checked before anything is sent: `InvalidArgumentError` with `ERR_SPEC_INVALID` when it cannot be run. */
  readonly spec: OciSpec;
  /** Runtime name such as `io.containerd.runc.v2`. @default the client's default runtime */
  readonly runtime?: string | undefined;
  readonly runtimeOptions?: RuntimeOptions | undefined;
  /** A label with an empty value is not kept: containerd has none. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface NewTaskOptions {
  /** Absent: all three are /dev/null. Files: `NotImplementedError` `ERR_CAPABILITY` with a terminal. */
  readonly stdio?: StdioOptions | FileStdioOptions | ExternalStdioOptions | undefined;
  readonly rootfs?: readonly RootfsMount[] | undefined;
  /** Restore from the checkpoint in this folder in place of starting anew. */
  readonly checkpointDir?: string | undefined;
}

export interface ExecOptions {
  readonly stdio?: StdioOptions | undefined;
}

export interface KillOptions extends CallOptions {
  /** Signal every process of the container, not just this one. @default false */
  readonly all?: boolean | undefined;
}

export interface CheckpointOptions extends CallOptions {
  /** End the task once it is written. @default false */
  readonly exit?: boolean | undefined;
}

export interface ProcessSummary {
  readonly pid: number;
  /** Set when the process is an exec's first one and the runtime says so. */
  readonly execId?: string;
  /** The rest is filled by Windows backends only. */
  readonly imageName?: string;
  readonly createdAt?: Date;
  readonly kernelTimeNs?: bigint;
  readonly userTimeNs?: bigint;
  readonly privateWorkingSetBytes?: bigint;
}

/** A process of a task: its init, or an exec. */
export interface Process {
  /** The container's id for the init process, the exec's own id otherwise. Never compare pids to tell them apart. */
  readonly id: string;
  readonly containerId: string;
  /** 0 until known: from create for a task, from `start` for an exec. */
  readonly pid: number;
  /** What is known now, with no call. */
  readonly state: RunSnapshot;

  /**
   * Lets the created process run. After a failed start of an exec nothing of it is left; a task whose start failed
   * is left created: `forceDelete` it.
   * @throws FailedPreconditionError when it was started before; `InvalidArgumentError` `ERR_COMMAND_NOT_FOUND` when
   * the program is not in the rootfs
   */
  start(call?: CallOptions): Promise<void>;
  /** @param signal number, or name such as `SIGTERM` or `SIGRTMIN+3`. @throws NotFoundError when the process is gone */
  kill(signal: number | string, call?: KillOptions): Promise<void>;
  /** Sets the size of the process' terminal, in character cells. */
  resize(width: number, height: number, call?: CallOptions): Promise<void>;
  /** Half close: the process reads EOF after what was written. Does nothing when it had no stdin. Safe to call twice. */
  closeStdin(call?: CallOptions): Promise<void>;
  /**
   * Resolves when the process has ended, at once when it already has, any number of times; costs no call on backends
   * with events. Without `timeoutMs` it waits for ever.
   * @throws CanceledError `ERR_CLIENT_CLOSED` when the client is closed meanwhile
   */
  wait(call?: CallOptions): Promise<ExitStatus>;
  /** Asks the backend. Feeds what it learns into `state`. */
  status(call?: CallOptions): Promise<StatusInfo>;
  /**
   * Removes an ended process from the backend, after its output was drained: until it ends, or no byte has moved for
   * 2 s, or 10 s have passed (a process in the background may hold it open for ever). A consumer that reads slowly has the 10 s.
   * @throws FailedPreconditionError while it runs, and for a task that was never started; NotFoundError when it is gone
   * already
   */
  delete(call?: CallOptions): Promise<ExitStatus>;
}

/** The running thing of a container; as a `Process`, its init. */
export interface Task extends Process {
  /** Tells this run from others of the same container in this process: what its events carry as `run`. */
  readonly generation: number;

  pause(call?: CallOptions): Promise<void>;
  resume(call?: CallOptions): Promise<void>;
  /**
   * Adds a process, not started yet.
   * @throws ConflictError `ERR_EXEC_EXISTS` when the id is in use in this task
   */
  exec(execId: string, process: OciProcess, options?: ExecOptions, call?: CallOptions): Promise<Process>;
  pids(call?: CallOptions): Promise<number[]>;
  summary(call?: CallOptions): Promise<ProcessSummary[]>;
  stats(call?: CallOptions): Promise<Metrics>;
  /** Changes limits of the running task. Unset fields are left as they are. */
  updateResources(resources: LinuxResources, call?: CallOptions): Promise<void>;
  /** Writes a checkpoint into the folder. @throws InternalError `ERR_CHECKPOINT_FAILED` with CRIU's own words */
  checkpoint(dir: string, call?: CheckpointOptions): Promise<void>;
  /** Kills whatever still runs, waits for its end and deletes. Also for tasks never started. Has its own deadline. */
  forceDelete(call?: CallOptions): Promise<ExitStatus>;
}

/** Metadata: what would run. Keeps all it was made with, so that no call reads it again. */
export interface Container {
  readonly id: string;
  readonly runtime: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: OciSpec;

  /**
   * Creates the task, its init process waiting to be started. Stdio is attached before.
   * @throws ConflictError `ERR_TASK_EXISTS` when the container has a task
   */
  newTask(options?: NewTaskOptions, call?: CallOptions): Promise<Task>;
  /** The existing task, with no stdio. @throws NotFoundError `ERR_TASK_NOT_FOUND` */
  task(call?: CallOptions): Promise<Task>;
  /** The existing task with its stdio opened again: after a restart of this process. Only one reader may exist. */
  attachTask(attach: AttachStdio | ExternalStdio, call?: CallOptions): Promise<Task>;
  /** @throws FailedPreconditionError while this client holds a task of it; NotFoundError when it is gone already */
  delete(call?: CallOptions): Promise<void>;
}

export interface RestoredContainer {
  readonly container: Container;
  /** Absent when the container has no task. A task that ended meanwhile is here with its exit in `state`. */
  readonly task: Task | undefined;
  /**
   * Set when the task's state could not be learned: it may well be alive, and must not be taken for dead. Ask again with
   * `container.task()`.
   */
  readonly error?: Error;
}

export interface RestoreOptions extends CallOptions {
  /** Which stdio to open again for a container with a task; none when absent or when it gives `undefined`. */
  readonly attach?: ((container: Container) => AttachStdio | ExternalStdio | undefined) | undefined;
}

export interface Client {
  /** Fixed for the client's life; no call reaches another one. */
  readonly namespace: string;
  readonly capabilities: Capabilities;
  /** Settles when the client has ended, by `close`, `destroy` or a fault. Never rejects. */
  readonly closed: Promise<void>;

  version(call?: CallOptions): Promise<VersionInfo>;
  /** @throws ConflictError `ERR_CONTAINER_EXISTS` when the id is in use */
  newContainer(id: string, options: NewContainerOptions, call?: CallOptions): Promise<Container>;
  /** @throws NotFoundError `ERR_CONTAINER_NOT_FOUND` */
  loadContainer(id: string, call?: CallOptions): Promise<Container>;
  /** All containers of the namespace. */
  containers(call?: CallOptions): Promise<Container[]>;
  /**
   * All containers and their tasks, attached: what an engine does when it starts. Two lists, whatever the number; one call
   * more only for a container that the list shows no task of, since what is missing there is not proven dead.
   */
  restore(options?: RestoreOptions): Promise<RestoredContainer[]>;
  /** One sample of each running task asked for (all when absent), in one call where the backend can. A missing id had none. */
  stats(ids?: readonly string[], call?: CallOptions): Promise<Map<string, Metrics>>;
  /**
   * Delivers events of this client's runs: in order for one container, side by side for different ones. The next event
   * of a container waits until the handler's promise settles; a rejection is logged and stops nothing.
   */
  subscribe(handler: EventHandler, options?: EventsOptions): Subscription;
  /** The same as an iterator; it ends with the client, or throws `CanceledError` when `signal` fires. */
  events(
    options?: EventsOptions & { readonly signal?: AbortSignal | undefined },
  ): AsyncIterableIterator<ContainerEvent>;
  /**
   * Stops event delivery after what is queued, or after 10 s when a handler does not settle; closes stdio and the
   * connection. Containers go on. Idempotent.
   */
  close(): Promise<void>;
  /** The same at once: queued events are dropped, pending calls fail with `reason`. Idempotent. */
  destroy(reason?: Error): void;
  [Symbol.asyncDispose](): Promise<void>;
}
