import { constants } from 'node:os';
import { ConflictError, FailedPreconditionError, InvalidArgumentError, NotFoundError } from '../../errdefs/index.js';
import type { LinuxResources, OciProcess } from '../../oci/runtime-spec.js';
import type { EventType } from '../event.js';
import type { ExitStatus, ProcessStatus, ProcessSummary } from '../types.js';
import { Freezer } from './freezer.js';
import { HostProcess } from './host-process.js';
import type { ProcessPipes } from './process-pipes.js';
import type { FakePrograms } from './program.js';

const { SIGKILL } = constants.signals;

export interface HostTaskOptions {
  readonly containerId: string;
  readonly process: OciProcess;
  readonly pipes: ProcessPipes;
  readonly resources: LinuxResources;
  readonly restoredFrom: string | undefined;
  readonly programs: FakePrograms;
  readonly now: () => Date;
  readonly nextPid: () => number;
  readonly publish: (
    type: EventType,
    process: { readonly id: string; readonly pid: number },
    exit?: ExitStatus,
  ) => void;
}

/** The running thing of a container as its shim has it: init, execs, freezer, limits. */
export class HostTask {
  readonly containerId: string;
  readonly init: HostProcess;
  readonly execs = new Map<string, HostProcess>();
  /** True from its delete on: whoever still holds it asks about something that is gone. */
  removed = false;
  /** The kernel's counter. */
  oomKills = 0;
  resources: LinuxResources;
  readonly #options: HostTaskOptions;
  readonly #freezer = new Freezer();
  #silent = false;

  constructor(options: HostTaskOptions) {
    this.#options = options;
    this.containerId = options.containerId;
    this.resources = options.resources;
    this.init = this.#newProcess(options.containerId, options.process, options.pipes);
    this.#publish('create', this.init);
  }

  statusOf(process: HostProcess): ProcessStatus {
    return process.status === 'running' && this.#freezer.frozen ? 'paused' : process.status;
  }

  start(process: HostProcess): void {
    const what = `start ${process.id}`;
    if (process.status !== 'created') throw new FailedPreconditionError(`${what}: it was started before`);
    if (process !== this.init) this.assertRunning(what);
    const name = process.args[0] ?? '';
    const { programs, restoredFrom } = this.#options;
    const program = Object.hasOwn(programs, name) ? programs[name] : undefined;
    if (program === undefined) {
      if (process !== this.init) this.execs.delete(process.id);
      throw new InvalidArgumentError(`${what}: exec: ${JSON.stringify(name)}: executable file not found in $PATH`, {
        code: 'ERR_COMMAND_NOT_FOUND',
        fields: { containerId: this.containerId },
      });
    }
    process.start(program, process === this.init ? restoredFrom : undefined);
    this.#publish(process === this.init ? 'start' : 'exec-started', process);
  }

  addExec(id: string, process: OciProcess, pipes: ProcessPipes): HostProcess {
    if (id === this.containerId || this.execs.has(id)) {
      throw new ConflictError(`exec ${id} of ${this.containerId}: the id is already in use`, {
        code: 'ERR_EXEC_EXISTS',
        fields: { containerId: this.containerId, execId: id },
      });
    }
    this.assertRunning(`exec ${id} of ${this.containerId}`);
    const exec = this.#newProcess(id, process, pipes);
    this.execs.set(id, exec);
    this.#publish('exec-added', exec);
    return exec;
  }

  kill(process: HostProcess, signal: number, all: boolean): void {
    if (process !== this.init && process.status === 'created') {
      throw new FailedPreconditionError(`kill ${process.id}: it was not started`);
    }
    process.signal(signal);
    if (!all) return;
    for (const exec of this.execs.values()) if (exec.status === 'running') exec.signal(signal);
  }

  pause(): void {
    this.assertRunning(`pause ${this.containerId}`);
    this.#freezer.freeze();
    this.#publish('paused', this.init);
  }

  resume(): void {
    if (!this.#freezer.frozen) throw new FailedPreconditionError(`resume ${this.containerId}: it is not paused`);
    this.#publish('resumed', this.init);
    this.#freezer.thaw();
  }

  /** What `forceDelete` needs of a paused task: its end must not wait for a resume. */
  thaw(): void {
    if (this.#freezer.frozen) this.resume();
  }

  processes(): ProcessSummary[] {
    const execs = [...this.execs.values()].filter((exec) => exec.status === 'running');
    const listed: ProcessSummary[] = execs.map(({ pid, id }) => ({ pid, execId: id }));
    return this.init.status === 'stopped' ? listed : [{ pid: this.init.pid }, ...listed];
  }

  update(resources: LinuxResources): void {
    const { memory, cpu, ...rest } = resources;
    this.resources = {
      ...this.resources,
      ...rest,
      memory: { ...this.resources.memory, ...memory },
      cpu: { ...this.resources.cpu, ...cpu },
    };
  }

  /** Takes an ended exec out, or one that was never started. */
  deleteExec(exec: HostProcess): ExitStatus {
    if (exec.status === 'running') {
      throw new FailedPreconditionError(`delete exec ${exec.id} of ${this.containerId}: it runs`);
    }
    this.execs.delete(exec.id);
    return exec.exit ?? { code: 255, exitedAt: this.#options.now(), exitUnknown: true };
  }

  /** Gives the exit of what may be deleted; whoever keeps the task removes it then. */
  assertDeletable(): ExitStatus {
    const { exit } = this.init;
    if (exit === undefined) {
      throw new FailedPreconditionError(`delete task ${this.containerId}: it is ${this.statusOf(this.init)}`);
    }
    return exit;
  }

  /** Counts and tells an OOM kill; `process` is `undefined` when the kernel chose some child. */
  oomKill(process: HostProcess | undefined, isTold: boolean): void {
    this.oomKills++;
    if (isTold) this.#publish('oom', { id: this.containerId, pid: 0 });
    if (process?.status === 'running') process.signal(SIGKILL);
  }

  checkpointed(exit: boolean): void {
    this.#publish('checkpointed', this.init);
    if (!exit) return;
    this.thaw();
    this.init.signal(SIGKILL);
  }

  /** Everything of it is gone at once, and nobody tells. */
  vanish(): void {
    this.#silent = true;
    this.removed = true;
    this.init.destroy(128 + SIGKILL);
  }

  #newProcess(id: string, spec: OciProcess, pipes: ProcessPipes): HostProcess {
    const { now, nextPid, containerId } = this.#options;
    const onExit = (process: HostProcess, exit: ExitStatus) => this.#exited(process, exit);
    return new HostProcess({ id, containerId, pid: nextPid(), spec, pipes, freezer: this.#freezer, now, onExit });
  }

  #exited(process: HostProcess, exit: ExitStatus): void {
    // The kernel ends what is left in the pid namespace of an ended init, and the shim tells of it first.
    if (process === this.init) {
      for (const exec of this.execs.values()) if (exec.status === 'running') exec.destroy(128 + SIGKILL);
    }
    this.#publish('exit', process, exit);
  }

  /** @throws FailedPreconditionError unless init runs and is not paused */
  assertRunning(what: string): void {
    const status = this.statusOf(this.init);
    if (status !== 'running') throw new FailedPreconditionError(`${what}: the task is ${status}`);
  }

  #publish(type: EventType, process: { readonly id: string; readonly pid: number }, exit?: ExitStatus): void {
    if (!this.#silent) this.#options.publish(type, process, exit);
  }
}

export function taskNotFound(containerId: string): NotFoundError {
  return new NotFoundError(`find task of ${containerId}: it has none`, {
    code: 'ERR_TASK_NOT_FOUND',
    fields: { containerId },
  });
}

export function execNotFound(containerId: string, execId: string): NotFoundError {
  return new NotFoundError(`find exec ${execId} of ${containerId}: the task has none`, {
    code: 'ERR_PROCESS_NOT_FOUND',
    fields: { containerId, execId },
  });
}
