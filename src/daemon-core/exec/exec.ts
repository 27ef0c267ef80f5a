import { randomBytes } from 'node:crypto';
import { ConflictError, InvalidArgumentError, NotFoundError, toEngineError } from '../../errdefs/index.js';
import { withinCall } from '../../libcontainerd/deadline.js';
import type { CallOptions, StdioStreams } from '../../libcontainerd/types.js';
import type { ExecConfig } from '../../oci/config/host-config.js';
import { execProcess } from '../../oci/exec-process.js';
import type { ManagedContainer } from '../container/managed-container.js';
import { viewOf } from '../container/rootfs.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { movingRunOf } from '../operations/preconditions.js';
import { exitCodeOfExec } from '../operations/start-error.js';
import { StreamHub } from '../streams/stream-hub.js';
import { deleteProcess, endExec } from './exec-end.js';
import type { ManagedExec } from './managed-exec.js';
import { Settleable } from './settleable.js';

const STARTED_MS = 10_000;

/** Registers a process to be run in a running container. @throws ConflictError when it is paused or does not run */
export function createExec(engine: EngineContext, c: ManagedContainer, config: ExecConfig): ManagedExec {
  movingRunOf(c);
  if (config.Cmd.length === 0) throw new InvalidArgumentError('No exec command specified');
  const exec: ManagedExec = {
    id: randomBytes(32).toString('hex'),
    container: c,
    config,
    hub: new StreamHub({
      terminal: config.Tty === true,
      stdinOnce: true,
      spillFolder: engine.settings.state,
      log: engine.log,
    }),
    status: 'created',
    process: undefined,
    pid: 0,
    exitCode: undefined,
    started: new Settleable<void>(),
    ended: new Settleable<number>(),
  };
  c.execs.add(exec.id);
  engine.execs.live.set(exec.id, exec);
  publish(engine, exec, `exec_create: ${commandOf(exec)}`);
  return exec;
}

/** @throws NotFoundError */
export function findExec(engine: EngineContext, id: string): ManagedExec {
  const exec = engine.execs.live.get(id) ?? engine.execs.finished.get(id);
  if (exec !== undefined) return exec;
  throw new NotFoundError(`No such exec instance: ${id}`, { code: 'ERR_PROCESS_NOT_FOUND', fields: { execId: id } });
}

export interface ExecStartOptions {
  /** Nobody will read its output nor write its input. @default false */
  readonly detach?: boolean | undefined;
}

/**
 * Starts it once. Whoever attached to `exec.hub` before gets everything.
 * @throws ConflictError when it was started before; what the runtime says, and then `exitCode` is 126 or 127
 */
export async function startExec(
  engine: EngineContext,
  exec: ManagedExec,
  options: ExecStartOptions = {},
  call: CallOptions = {},
): Promise<void> {
  const { container: c, config } = exec;
  if (exec.status === 'running' || exec.status === 'starting') {
    throw new ConflictError(`exec command ${exec.id} is already running`, { fields: { execId: exec.id } });
  }
  if (exec.status === 'exited') {
    throw new ConflictError(`exec command ${exec.id} has already run`, { fields: { execId: exec.id } });
  }
  const run = movingRunOf(c);
  exec.status = 'starting';
  publish(engine, exec, `exec_start: ${commandOf(exec)}`);
  try {
    const view = viewOf(c.record, engine.store.folder(c.id));
    const process = await execProcess(run.container.spec, config, view, c.record.config, c.record.hostConfig);
    const isAttached = options.detach !== true;
    const stdio = isAttached
      ? { stdin: config.AttachStdin === true, attach: (streams: StdioStreams) => exec.hub.begin(streams, undefined) }
      : undefined;
    exec.process = await run.task.exec(exec.id, process, { stdio }, call);
    await exec.process.start(call);
    exec.pid = exec.process.pid;
  } catch (err) {
    // A failed start of an exec leaves nothing with the backend.
    exec.process = undefined;
    await endExec(engine, exec, exitCodeOfExec(err));
    throw toEngineError(err);
  }
  if (statusOf(exec) === 'exited') {
    // Its end was committed meanwhile, by that of the container, when there was nothing to delete yet.
    await deleteProcess(engine, exec);
    return;
  }
  exec.status = 'running';
  exec.started.settle();
  watchExec(engine, exec, run.oom);
}

function watchExec(
  engine: EngineContext,
  exec: ManagedExec,
  oom: { processExited(who: `exec ${string}`, code: number, pid: number): Promise<void> },
): void {
  exec.process?.wait({ signal: engine.closing }).then(
    ({ code }) => {
      engine.background('commit the exit of an exec', exec.container.id, async () => {
        await oom.processExited(`exec ${exec.id}`, code, exec.pid);
        await endExec(engine, exec, code);
      });
    },
    (err: unknown) => {
      if (!engine.closing.aborted) {
        engine.log.debug({ err, containerId: exec.container.id, execId: exec.id }, 'wait for the end of an exec');
      }
    },
  );
}

/** @throws InvalidArgumentError when it has not started within 10 s, or is over */
export async function resizeExec(
  exec: ManagedExec,
  size: { readonly height: number; readonly width: number },
  call: CallOptions = {},
): Promise<void> {
  if (exec.status === 'created' || exec.status === 'starting') {
    const started = withinCall('resize an exec', exec.started.promise, { ...call, timeoutMs: STARTED_MS });
    await started.catch((cause: unknown) => {
      throw new InvalidArgumentError('exec process is not started', { cause, fields: { execId: exec.id } });
    });
  }
  if (exec.process === undefined || statusOf(exec) !== 'running') {
    throw new InvalidArgumentError('exec process is not started', { fields: { execId: exec.id } });
  }
  await exec.process.resize(size.width, size.height, call);
}

/** Docker's JSON of an exec. */
export function inspectExec(exec: ManagedExec) {
  const { config } = exec;
  const [entrypoint = '', ...args] = config.Cmd;
  return {
    ID: exec.id,
    Running: exec.status === 'running',
    ExitCode: exec.exitCode ?? null,
    ProcessConfig: {
      tty: config.Tty === true,
      entrypoint,
      arguments: args,
      privileged: config.Privileged === true,
      ...(config.User === undefined || config.User === '' ? {} : { user: config.User }),
    },
    OpenStdin: config.AttachStdin === true,
    OpenStdout: config.AttachStdout === true,
    OpenStderr: config.AttachStderr === true,
    CanRemove: exec.status === 'exited',
    ContainerID: exec.container.id,
    DetachKeys: config.DetachKeys ?? '',
    Pid: exec.pid,
  };
}

/** Read anew: it may have changed while a call was waited for. */
function statusOf(exec: ManagedExec): ManagedExec['status'] {
  return exec.status;
}

function commandOf({ config }: ManagedExec): string {
  return config.Cmd.join(' ');
}

function publish(engine: EngineContext, exec: ManagedExec, action: string): void {
  const { container: c } = exec;
  engine.events.publish('container', action, c.id, { ...containerAttributes(c.record), execID: exec.id });
}
