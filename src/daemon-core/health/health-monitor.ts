import { errorText } from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import type { ContainerConfig } from '../../oci/config/container-config.js';
import type { HealthResult, HealthState } from '../state/record.js';
import { type Healthcheck, resolveHealthcheck } from './healthcheck.js';
import { limitText } from './limited-text.js';
import type { Probe, ProbeResult } from './probe.js';

/** moby daemon/health.go. */
const RESULTS_KEPT = 5;
const OUTPUT_MAX_BYTES = 4_096;
/** A probe that does not end after it was cancelled: its own clean-up takes less. */
const STOP_MS = 30_000;
/** The longest that `setTimeout` takes; past it, it fires at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export interface HealthMonitorOptions {
  readonly config: Pick<ContainerConfig, 'Healthcheck' | 'Shell'>;
  readonly probe: Probe;
  /** Called after each probe; never after `stop`. What it throws is logged. */
  readonly onChange: (state: HealthState, result: HealthResult) => void;
  readonly log: Logger;
  /** When the run began: the start period counts from then. @default now */
  readonly startedAt?: Date | undefined;
  /** Of a monitor before: its results are kept, and `starting` begins anew. */
  readonly initial?: HealthState | undefined;
}

/**
 * Looks after the health of one run of a container (moby daemon/health.go): a probe every interval, which is counted from
 * the end of the last one, so that there is never more than one. `starting` becomes `healthy` with the first success, and
 * `unhealthy` when as many probes in a row have failed as `Retries` says, those of the start period not counted.
 */
export class HealthMonitor {
  readonly #check: Healthcheck | undefined;
  readonly #options: HealthMonitorOptions;
  readonly #startedAtMs: number;
  #state: HealthState;
  #timer: NodeJS.Timeout | undefined;
  /** Of the time between a start and a stop. */
  #watch: AbortController | undefined;
  #probing: Promise<void> | undefined;

  constructor(options: HealthMonitorOptions) {
    this.#options = options;
    this.#check = resolveHealthcheck(options.config);
    this.#startedAtMs = options.startedAt?.getTime() ?? Date.now();
    const Log = options.initial?.Log ?? [];
    this.#state = { Status: this.#check === undefined ? 'none' : 'starting', FailingStreak: 0, Log };
  }

  /** `none` when nothing is to be looked after; then `start` does nothing. */
  get state(): HealthState {
    return this.#state;
  }

  /** Begins, or goes on with the state of before after a `stop`: what a pause of the container needs. */
  start(): void {
    const check = this.#check;
    if (check === undefined || this.#watch !== undefined) return;
    const watch = new AbortController();
    this.#watch = watch;
    this.#schedule(check, watch.signal);
  }

  /**
   * No probe begins any more; one under way is cancelled and waited for. Never rejects. Idempotent.
   * @param call `timeoutMs` @default 30 000
   */
  async stop({ timeoutMs = STOP_MS }: { readonly timeoutMs?: number } = {}): Promise<void> {
    clearTimeout(this.#timer);
    this.#watch?.abort();
    this.#watch = undefined;
    const probing = this.#probing;
    if (probing === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, 'late');
    });
    const outcome = await Promise.race([probing, late]);
    clearTimeout(timer);
    if (outcome === 'late') this.#options.log.warn({}, 'a health check did not end after it was cancelled');
  }

  #schedule(check: Healthcheck, signal: AbortSignal): void {
    const isStarting = this.#state.Status === 'starting' && Date.now() - this.#startedAtMs < check.startPeriodMs;
    this.#timer = setTimeout(
      () => {
        // One of before a stop may still be ending: there is never more than one.
        const before = this.#probing;
        const probing = (before ?? Promise.resolve()).then(() => this.#run(check, signal));
        this.#probing = probing;
        // Nothing in it rejects.
        void probing.then(() => {
          if (this.#probing === probing) this.#probing = undefined;
          if (!signal.aborted) this.#schedule(check, signal);
        });
      },
      Math.min(isStarting ? check.startIntervalMs : check.intervalMs, TIMER_MAX_MS),
    );
  }

  async #run(check: Healthcheck, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const start = new Date();
    const { exitCode, output } = await this.#probe(check, signal);
    if (signal.aborted) return;
    const result: HealthResult = {
      Start: start.toISOString(),
      End: new Date().toISOString(),
      ExitCode: exitCode,
      Output: limitText(output, OUTPUT_MAX_BYTES),
    };
    this.#state = this.#after(check, result, start.getTime());
    try {
      this.#options.onChange(this.#state, result);
    } catch (err) {
      this.#options.log.error({ err }, 'take the result of a health check');
    }
  }

  async #probe({ args, timeoutMs }: Healthcheck, signal: AbortSignal): Promise<ProbeResult> {
    try {
      return await this.#options.probe({ args, timeoutMs, maxOutputBytes: OUTPUT_MAX_BYTES, signal });
    } catch (err) {
      if (!signal.aborted) this.#options.log.warn({ err }, 'run a health check');
      return { exitCode: -1, output: errorText(err) };
    }
  }

  #after(check: Healthcheck, result: HealthResult, startMs: number): HealthState {
    const { Status, FailingStreak } = this.#state;
    const Log = [...this.#state.Log, result].slice(-RESULTS_KEPT);
    if (result.ExitCode === 0) return { Status: 'healthy', FailingStreak: 0, Log };
    const isExcused = Status === 'starting' && startMs - this.#startedAtMs < check.startPeriodMs;
    const streak = isExcused ? FailingStreak : FailingStreak + 1;
    return { Status: streak >= check.retries ? 'unhealthy' : Status, FailingStreak: streak, Log };
  }
}
