import { stringifyIntegersForGo } from '../../protocol/go-json.js';

/** Docker's types of events. Those of a swarm are not here. */
export type EngineEventType = 'builder' | 'container' | 'daemon' | 'image' | 'network' | 'plugin' | 'volume';

/** An event in the JSON shape of `GET /events`; `eventJson` writes it out. */
export interface EngineEvent {
  /** The action again, for old clients. For containers and images only, as the next two. */
  readonly status?: string;
  readonly id?: string;
  /** The image of a container. */
  readonly from?: string;
  readonly Type: EngineEventType;
  /** `start`, `die`, `exec_create: ls -l`, `health_status: healthy`... */
  readonly Action: string;
  readonly Actor: {
    /** Of the container, network or image; the name of a volume; '' when there is none, as for a prune. */
    readonly ID: string;
    readonly Attributes: Readonly<Record<string, string>>;
  };
  readonly scope: 'local';
  /** Unix seconds. */
  readonly time: number;
  /** Nanoseconds since 1970. No two events have the same. */
  readonly timeNano: bigint;
}

/** The event as a line of JSON, without its end. */
export function eventJson(event: EngineEvent): string {
  const { timeNano, ...rest } = event;
  return stringifyIntegersForGo({ ...rest, timeNano });
}
