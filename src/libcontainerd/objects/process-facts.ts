import { type Process, Status } from '../../protocol/gen/containerd/types/task.js';
import type { Run } from '../run.js';
import type { RunFact } from '../run-state.js';
import type { ExitStatus, ProcessStatus } from '../types.js';

const STATUS: ReadonlyMap<Status, ProcessStatus> = new Map([
  [Status.CREATED, 'created'],
  [Status.RUNNING, 'running'],
  [Status.STOPPED, 'stopped'],
  [Status.PAUSED, 'paused'],
  [Status.PAUSING, 'pausing'],
]);

export function statusOfReply(process: Process): ProcessStatus {
  return STATUS.get(process.status) ?? 'unknown';
}

/** An answer that decides nothing: containerd gives UNKNOWN and empty fields for a shim that did not answer it. */
export function isUndecided(process: Process): boolean {
  return statusOfReply(process) === 'unknown';
}

/**
 * Feeds what a Get or List reply says of a process into the run. Nothing of it is believed when it names another pid:
 * then the id belongs to another run by now. `undecided`: containerd gives UNKNOWN for a shim that did not answer it.
 */
export function applyReply(
  run: Run,
  processId: string,
  process: Process,
  askedAt: number,
): 'applied' | 'of-another-run' | 'undecided' {
  const status = statusOfReply(process);
  if (status === 'unknown') return 'undecided';
  const known = run.snapshot(processId).pid;
  if (known !== 0 && process.pid !== 0 && process.pid !== known) return 'of-another-run';
  const origin = { timestamp: new Date(), synthesized: true };
  for (const fact of factsOfProcess(processId, process, askedAt)) run.apply(fact, origin);
  return 'applied';
}

/** @param at when the question was sent, in milliseconds */
export function factsOfProcess(processId: string, process: Process, at: number): RunFact[] {
  const { pid } = process;
  switch (statusOfReply(process)) {
    case 'running':
      return [
        { kind: 'started', processId, pid: 0 },
        { kind: 'resumed', at, source: 'reply' },
      ];
    case 'paused':
    case 'pausing':
      return [
        { kind: 'started', processId, pid: 0 },
        { kind: 'paused', at, source: 'reply' },
      ];
    case 'stopped':
      return [{ kind: 'exit', processId, pid, exit: exitOfReply(process), source: 'reply' }];
    default:
      return [];
  }
}

/** Go's zero time stands for "not known". */
const YEAR_ONE_MS = -62_135_596_800_000;

export function exitOfReply(reply: { readonly exitStatus: number; readonly exitedAt: Date | undefined }): ExitStatus {
  const { exitedAt } = reply;
  const isKnown = exitedAt !== undefined && exitedAt.getTime() > YEAR_ONE_MS && exitedAt.getTime() !== 0;
  return { code: reply.exitStatus, exitedAt: isKnown ? exitedAt : new Date(), exitUnknown: false };
}
