import type { EngineTelemetry } from '../../daemon-core/index.js';

export const NO_CONTAINERS = {
  created: 0,
  running: 0,
  paused: 0,
  restarting: 0,
  removing: 0,
  exited: 0,
  dead: 0,
} as const;

/** An engine as far as its metrics look at it. What it has can be changed. */
export class EngineStub {
  current: EngineTelemetry = {
    containers: NO_CONTAINERS,
    execsRunning: 0,
    events: [],
    eventSubscribers: 0,
    starts: { waiting: 0, underWay: 0 },
  };

  constructor(readonly id = 'engine-1') {}

  telemetry(): EngineTelemetry {
    return this.current;
  }
}

/** Keeps the messages of level info. */
export class LogStub {
  readonly lines: string[] = [];
  readonly debug = () => {};
  readonly warn = () => {};
  readonly error = () => {};
  readonly info = (_fields: object, message: string) => {
    this.lines.push(message);
  };
  readonly child = () => this;
}
