import type { TaskEvent } from '../../objects/event-facts.js';
import type { RunFact } from '../../run-state.js';
import type { ExitStatus } from '../../types.js';

/** Which process of which task; an empty exec id names the init. */
export interface Subject {
  readonly containerId: string;
  readonly execId: string;
  readonly pid: number;
}

/** What a call of ours has done, for other clients that hold the task; the one that called has its answer. */
export function announcement(type: Exclude<TaskEvent['type'], 'exit'>, subject: Subject): TaskEvent {
  const { containerId, pid } = subject;
  const processId = processIdOf(subject);
  const timestamp = new Date();
  const event = { containerId, processId, type, pid, timestamp };
  switch (type) {
    case 'start':
    case 'exec-started':
      return { ...event, fact: { kind: 'started', processId, pid } };
    case 'paused':
    case 'resumed':
      return { ...event, fact: { kind: type, at: timestamp.getTime(), source: 'event' } };
    default:
      return event;
  }
}

export function exitAnnouncement(subject: Subject, exit: ExitStatus): TaskEvent {
  const { containerId, pid } = subject;
  const processId = processIdOf(subject);
  const fact: RunFact = { kind: 'exit', processId, pid, exit, source: 'event' };
  return { containerId, processId, type: 'exit', pid, timestamp: new Date(), exit, fact };
}

function processIdOf({ containerId, execId }: Subject): string {
  return execId === '' ? containerId : execId;
}
