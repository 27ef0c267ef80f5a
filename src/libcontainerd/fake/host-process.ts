import { constants } from 'node:os';
import { finished } from 'node:stream/promises';
import { errorText, FailedPreconditionError, NotFoundError } from '../../errdefs/index.js';
import type { OciProcess } from '../../oci/runtime-spec.js';
import type { ExitStatus } from '../types.js';
import type { Freezer } from './freezer.js';
import { openProcessEnds, type ProcessEnds, type ProcessPipes } from './process-pipes.js';
import type { FakeProgram, TerminalSize } from './program.js';

const { SIGKILL, SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU } = constants.signals;

/** Do nothing by default, or stop the process, which the fake does not play. */
const HARMLESS: ReadonlySet<number> = new Set([SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU]);

export interface HostProcessOptions {
  readonly id: string;
  readonly containerId: string;
  readonly pid: number;
  readonly spec: OciProcess;
  readonly pipes: ProcessPipes;
  readonly freezer: Freezer;
  readonly now: () => Date;
  readonly onExit: (process: HostProcess, exit: ExitStatus) => void;
}

/** A process as the kernel and its shim have it: one program, its signals, its end. */
export class HostProcess {
  readonly id: string;
  readonly pid: number;
  readonly pipes: ProcessPipes;
  /** Resolves at the end, never rejects; stays pending for what is never run. */
  readonly exited: Promise<ExitStatus>;
  readonly #options: HostProcessOptions;
  readonly #ended = new AbortController();
  #resolveExited: (exit: ExitStatus) => void = () => {};
  #status: 'created' | 'running' | 'stopped' = 'created';
  #exit: ExitStatus | undefined;
  #ends: ProcessEnds | undefined;
  #size: TerminalSize = { width: 0, height: 0 };
  #onSignal: ((name: string, number: number) => void) | undefined;
  #onResize: ((size: TerminalSize) => void) | undefined;

  constructor(options: HostProcessOptions) {
    this.#options = options;
    this.id = options.id;
    this.pid = options.pid;
    this.pipes = options.pipes;
    this.exited = new Promise((resolve) => {
      this.#resolveExited = resolve;
    });
  }

  get status(): 'created' | 'running' | 'stopped' {
    return this.#status;
  }

  get args(): readonly string[] {
    return this.#options.spec.args ?? [];
  }

  get exit(): ExitStatus | undefined {
    return this.#exit;
  }

  start(program: FakeProgram, restoredFrom: string | undefined): void {
    this.#status = 'running';
    const ends = openProcessEnds(this.pipes, this.#options.freezer);
    this.#ends = ends;
    queueMicrotask(() => void this.#run(program, ends, restoredFrom));
  }

  /** @throws NotFoundError `ERR_PROCESS_FINISHED` when it has ended */
  signal(number: number): void {
    if (this.#status === 'stopped') {
      throw new NotFoundError(`kill ${this.id}: the process has already finished`, { code: 'ERR_PROCESS_FINISHED' });
    }
    this.#options.freezer.run(() => this.#deliver(number));
  }

  resize(size: TerminalSize): void {
    if (this.#status === 'stopped') {
      throw new FailedPreconditionError(`resize ${this.id}: the process has already finished`);
    }
    if (!this.pipes.terminal) return;
    this.#size = size;
    if (this.#status === 'running') this.#options.freezer.run(() => this.#onResize?.(size));
  }

  closeStdin(): void {
    this.pipes.stdin?.end();
  }

  /** As the kernel does when init ends, and as nobody notices when the machine loses it: no handler, no pause. */
  destroy(code: number): void {
    this.#end(code);
  }

  #deliver(number: number): void {
    if (this.#status === 'stopped') return;
    if (number !== SIGKILL && this.#onSignal !== undefined) this.#onSignal(signalName(number), number);
    else if (!HARMLESS.has(number)) this.#end(128 + number);
  }

  async #run(program: FakeProgram, ends: ProcessEnds, restoredFrom: string | undefined): Promise<void> {
    let code: number;
    try {
      code = await program(this.#context(ends, restoredFrom));
    } catch (err) {
      ends.stderr.write(`${errorText(err)}\n`);
      code = 1;
    }
    await this.#finish(code);
  }

  #context(ends: ProcessEnds, restoredFrom: string | undefined) {
    const { containerId, spec } = this.#options;
    const size = () => this.#size;
    return {
      ...ends,
      id: this.id,
      containerId,
      pid: this.pid,
      args: this.args,
      env: spec.env ?? [],
      cwd: spec.cwd,
      terminal: this.pipes.terminal,
      restoredFrom,
      ended: this.#ended.signal,
      get size() {
        return size();
      },
      onSignal: (handler: (name: string, number: number) => void) => {
        this.#onSignal = handler;
      },
      onResize: (handler: (size: TerminalSize) => void) => {
        this.#onResize = handler;
      },
      exit: (code: number) => void this.#finish(code),
    };
  }

  /** A process cannot end in the middle of a write(2): what it wrote goes into the pipes first. */
  async #finish(code: number): Promise<void> {
    const { stdout, stderr } = this.#ends ?? {};
    for (const stream of [stdout, stderr]) {
      if (stream === undefined || stream.destroyed) continue;
      stream.end();
      await finished(stream).catch(() => {});
    }
    this.#options.freezer.run(() => this.#end(code));
  }

  #end(code: number): void {
    if (this.#status === 'stopped') return;
    this.#status = 'stopped';
    const exit: ExitStatus = { code: code & 0xff, exitedAt: this.#options.now(), exitUnknown: false };
    this.#exit = exit;
    this.#ended.abort();
    for (const stream of Object.values(this.#ends ?? {})) stream.destroy();
    this.pipes.stdin?.break();
    this.pipes.stdout?.end();
    this.pipes.stderr?.end();
    this.#options.onExit(this, exit);
    this.#resolveExited(exit);
  }
}

function signalName(number: number): string {
  for (const [name, each] of Object.entries(constants.signals)) if (each === number) return name;
  return `SIG${number}`;
}
