import type { Run } from '../run.js';
import type { RunFact } from '../run-state.js';
import type { ClientStdio } from './client-stdio.js';
import type { HostProcess } from './host-process.js';
import type { Moment } from './host-state.js';
import type { HostTask } from './host-task.js';

/** A run as one client holds it: what it knows of it, the task it is about, and the stdio it has open. */
export class ClientRun {
  readonly run: Run;
  readonly task: HostTask;
  readonly #stdio = new Map<string, ClientStdio>();

  constructor(run: Run, task: HostTask) {
    this.run = run;
    this.task = task;
  }

  stdio(processId: string): ClientStdio | undefined {
    return this.#stdio.get(processId);
  }

  addStdio(processId: string, stdio: ClientStdio): void {
    this.#stdio.set(processId, stdio);
  }

  closeStdio(processId: string): void {
    this.#stdio.get(processId)?.close();
    this.#stdio.delete(processId);
  }

  closeAllStdio(): void {
    for (const processId of [...this.#stdio.keys()]) this.closeStdio(processId);
  }

  /** Learns what the host says of a process now. */
  learn(process: HostProcess, moment: Moment): void {
    const origin = { timestamp: moment.now, synthesized: true };
    for (const fact of factsOf(this.task, process, moment)) this.run.apply(fact, origin);
  }
}

/** What a list or a look at a process tells. */
export function factsOf(task: HostTask, process: HostProcess, { sequence: at }: Moment): RunFact[] {
  const { id: processId, pid, exit } = process;
  const facts: RunFact[] = [{ kind: 'pid', processId, pid }];
  if (process === task.init) facts.push({ kind: 'created' });
  if (process.status !== 'created') facts.push({ kind: 'started', processId, pid: 0 });
  if (task.oomKills > 0) facts.push({ kind: 'oom-count', count: task.oomKills });
  const status = task.statusOf(process);
  if (status === 'paused') facts.push({ kind: 'paused', at, source: 'reply' });
  if (status === 'running') facts.push({ kind: 'resumed', at, source: 'reply' });
  if (exit !== undefined) facts.push({ kind: 'exit', processId, pid, exit, source: 'reply' });
  return facts;
}
