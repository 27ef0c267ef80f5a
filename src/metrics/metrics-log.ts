import type { Engine } from '../daemon-core/index.js';
import { InvalidArgumentError } from '../errdefs/index.js';
import type { Logger } from '../log/logger.js';
import { CONTAINER_STARTS } from '../telemetry/observations.js';
import { type IntervalMetrics, intervalTable } from './interval-table.js';
import { countOpenFds } from './open-fds.js';
import { TimerStatistics } from './timer-statistics.js';

/** The longest that a timer takes; past it, it fires at once. */
const INTERVAL_MAX_MS = 2 ** 31 - 1;

export interface MetricsLogOptions {
  readonly engine: Pick<Engine, 'id' | 'telemetry'>;
  readonly log: Logger;
  /** 1 to 2^31 - 1. */
  readonly intervalMs: number;
}

/**
 * What `--metrics-interval` of the first containerd did: prints a table of timers, counters and gauges to the log, at level info, a
 * record a line, at each interval. The timer counts starts of the engine's containers since `start`, those that failed too.
 */
export class MetricsLog {
  readonly #engine: MetricsLogOptions['engine'];
  readonly #log: Logger;
  readonly #starts = new TimerStatistics();
  readonly #unsubscribe: () => void;
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;

  private constructor({ engine, log, intervalMs }: MetricsLogOptions) {
    this.#engine = engine;
    this.#log = log;
    this.#unsubscribe = CONTAINER_STARTS.subscribe(({ engineId, durationMs }) => {
      if (engineId === engine.id) this.#starts.record(durationMs);
    });
    this.#timer = setInterval(() => void this.#print(), intervalMs);
    this.#timer.unref();
  }

  /** It keeps no process alive. @throws InvalidArgumentError `ERR_OPTION_INVALID` for the interval */
  static start(options: MetricsLogOptions): MetricsLog {
    const { intervalMs } = options;
    if (!(intervalMs >= 1 && intervalMs <= INTERVAL_MAX_MS)) {
      throw new InvalidArgumentError(
        `print metrics: an interval of ${intervalMs} ms is not from 1 to ${INTERVAL_MAX_MS}`,
        {
          code: 'ERR_OPTION_INVALID',
        },
      );
    }
    return new MetricsLog(options);
  }

  /** Nothing is printed after it. Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#unsubscribe();
  }

  /** Never rejects. */
  async #print(): Promise<void> {
    const fds = await countOpenFds().catch((err: unknown) => {
      this.#log.debug({ err }, 'count open file descriptors');
      return undefined;
    });
    if (this.#isClosed) return;
    for (const line of intervalTable(this.#collect(fds))) this.#log.info({}, line);
  }

  #collect(fds: number | undefined): IntervalMetrics {
    const { containers, events, eventSubscribers } = this.#engine.telemetry();
    return {
      timers: { 'container-start-time': this.#starts.summary() },
      counters: {
        containers: containers.running + containers.paused,
        events: events.reduce((sum, { count }) => sum + count, 0),
        'events-subscribers': eventSubscribers,
      },
      gauges: {
        'active-resources': process.getActiveResourcesInfo().length,
        ...(fds === undefined ? {} : { fds }),
      },
    };
  }
}
