import type { EventType } from '../event.js';
import type { RunFact } from '../run-state.js';
import type { ExitStatus } from '../types.js';

/** What the host tells about a task, as containerd's events do. */
export interface HostEvent {
  readonly type: EventType;
  readonly containerId: string;
  readonly processId: string;
  readonly pid: number;
  readonly timestamp: Date;
  /** Tells one event from another of the same time. */
  readonly sequence: number;
  /** With `exit` only. */
  readonly exit?: ExitStatus;
}

/** What the event says about a run; nothing where a client's own calls tell it. */
export function factOfEvent(event: HostEvent): RunFact | undefined {
  const { type, processId, pid, timestamp, sequence, exit } = event;
  switch (type) {
    case 'start':
    case 'exec-started':
      return { kind: 'started', processId, pid };
    case 'paused':
    case 'resumed':
      // Any number that grows will do, and two events may have one time.
      return { kind: type, at: sequence, source: 'event' };
    case 'exit':
      return exit === undefined ? undefined : { kind: 'exit', processId, pid, exit, source: 'event' };
    case 'oom':
      return { kind: 'oom', key: `${timestamp.toISOString()} ${sequence}` };
    default:
      return undefined;
  }
}
