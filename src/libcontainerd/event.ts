import type { ExitStatus } from './exit-status.js';

/** moby's event vocabulary. There is no `delete`: whoever deletes knows. */
export type EventType =
  | 'create'
  | 'start'
  | 'exit'
  | 'oom'
  | 'exec-added'
  | 'exec-started'
  | 'paused'
  | 'resumed'
  | 'checkpointed';

interface EventFields {
  readonly containerId: string;
  /** The container's id for its init, else the exec's id. */
  readonly processId: string;
  /** 0 when the event does not tell. */
  readonly pid: number;
  /** When the backend saw it; on the backend's clock. */
  readonly timestamp: Date;
  /**
   * The run it belongs to: equal for all events between one create and one delete, different for the next run of the
   * same id. `undefined` for an event of a container that this client holds no task of (only with `foreign`).
   */
  readonly run: number | undefined;
  /** True when made up from a list or a wait, since the backend's own event was missed. */
  readonly synthesized: boolean;
}

export interface ExitEvent extends EventFields {
  readonly type: 'exit';
  readonly exit: ExitStatus;
}

export interface PlainEvent extends EventFields {
  readonly type: Exclude<EventType, 'exit'>;
}

export type ContainerEvent = ExitEvent | PlainEvent;

export type EventHandler = (event: ContainerEvent) => void | Promise<void>;

export interface EventsOptions {
  /** Also deliver events of containers that this client holds no task of, undeduplicated. @default false */
  readonly foreign?: boolean | undefined;
  /**
   * Events may have been lost: called after what the backend still could tell of the runs was turned into events. What only
   * events tell, such as OOM kills, is to be looked up elsewhere. Never called where no event can be lost, nor by `events`.
   */
  readonly onGap?: (() => void) | undefined;
}

export interface Subscription {
  /** Stops delivery; resolves when the handlers now running have settled. Idempotent. */
  close(): Promise<void>;
}
