import { typeNameOf } from '../../protocol/any.js';
import {
  TaskCheckpointed,
  TaskCreate,
  TaskExecAdded,
  TaskExecStarted,
  TaskExit,
  TaskOOM,
  TaskPaused,
  TaskResumed,
  TaskStart,
} from '../../protocol/gen/containerd/events/events.js';
import type { Envelope } from '../../protocol/gen/containerd/types/types.js';
import { decodeMessage, type MessageCodec } from '../../protocol/wire/index.js';
import type { EventType } from '../event.js';
import type { RunFact } from '../run-state.js';
import type { ExitStatus } from '../types.js';
import { exitOfReply } from './process-facts.js';

/** One task event of containerd, decoded. */
export interface TaskEvent {
  readonly containerId: string;
  readonly processId: string;
  readonly type: EventType;
  readonly pid: number;
  readonly timestamp: Date;
  readonly exit?: ExitStatus;
  /** What it tells about a run; create and exec-added are told by our own calls. */
  readonly fact?: RunFact;
}

/**
 * Decodes an envelope; `undefined` for topics that are not events of a task's life, such as delete.
 * Throws what `decodeMessage` throws.
 */
export function decodeEvent(envelope: Envelope): TaskEvent | undefined {
  if (envelope.event === undefined) return undefined;
  const { value } = envelope.event;
  const timestamp = envelope.timestamp ?? new Date();
  const decode = <T>(type: MessageCodec<T>): T => decodeMessage(type, value);
  switch (typeNameOf(envelope.event)) {
    case 'containerd.events.TaskCreate': {
      const { containerId, pid } = decode(TaskCreate);
      return { containerId, processId: containerId, type: 'create', pid, timestamp };
    }
    case 'containerd.events.TaskStart': {
      const { containerId, pid } = decode(TaskStart);
      const fact = { kind: 'started', processId: containerId, pid } as const;
      return { containerId, processId: containerId, type: 'start', pid, timestamp, fact };
    }
    case 'containerd.events.TaskExit': {
      const event = decode(TaskExit);
      const { containerId, pid } = event;
      // The id and never the pid tells init from exec: VM runtimes report one pid for both (moby/moby#44888).
      const processId = event.id === '' ? containerId : event.id;
      const exit = exitOfReply(event);
      const fact = { kind: 'exit', processId, pid, exit, source: 'event' } as const;
      return { containerId, processId, type: 'exit', pid, timestamp, exit, fact };
    }
    case 'containerd.events.TaskOOM': {
      const { containerId } = decode(TaskOOM);
      const fact = { kind: 'oom', key: timestamp.toISOString() } as const;
      return { containerId, processId: containerId, type: 'oom', pid: 0, timestamp, fact };
    }
    case 'containerd.events.TaskExecAdded': {
      const { containerId, execId } = decode(TaskExecAdded);
      return { containerId, processId: execId, type: 'exec-added', pid: 0, timestamp };
    }
    case 'containerd.events.TaskExecStarted': {
      const { containerId, execId, pid } = decode(TaskExecStarted);
      const fact = { kind: 'started', processId: execId, pid } as const;
      return { containerId, processId: execId, type: 'exec-started', pid, timestamp, fact };
    }
    case 'containerd.events.TaskPaused':
      return pauseEvent(decode(TaskPaused).containerId, 'paused', timestamp);
    case 'containerd.events.TaskResumed':
      return pauseEvent(decode(TaskResumed).containerId, 'resumed', timestamp);
    case 'containerd.events.TaskCheckpointed': {
      const { containerId } = decode(TaskCheckpointed);
      return { containerId, processId: containerId, type: 'checkpointed', pid: 0, timestamp };
    }
    default:
      return undefined;
  }
}

function pauseEvent(containerId: string, kind: 'paused' | 'resumed', timestamp: Date): TaskEvent {
  const fact = { kind, at: timestamp.getTime(), source: 'event' } as const;
  return { containerId, processId: containerId, type: kind, pid: 0, timestamp, fact };
}
