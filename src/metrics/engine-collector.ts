import { Counter, Gauge, Histogram, type Metric } from 'prom-client';
import type { Engine } from '../daemon-core/index.js';
import type { Logger } from '../log/logger.js';
import {
  CONTAINER_STARTS,
  type ContainerStartObservation,
  OOM_KILLS,
  type OomKillObservation,
  SHIM_STARTS,
  type ShimStartObservation,
} from '../telemetry/observations.js';
import { RPCS, type RpcObservation } from '../telemetry/rpc.js';
import { BoundSeries } from './bound-series.js';
import type { Collector } from './collector.js';
import { ENGINE_FAMILIES as FAMILIES } from './engine-families.js';
import { EventLoopDelay } from './event-loop-delay.js';
import { countOpenFds } from './open-fds.js';

const MS_PER_SECOND = 1_000;

type Bindable<T> = { labels(...values: string[]): T };

/**
 * The engine's own telemetry; docs/metrics.md has the table. Counters and histograms count from the construction on: starts and
 * OOM kills of this engine, and RPCs and shim starts of the whole process, whoever makes them. The rest is read at a scrape.
 */
export class EngineCollector implements Collector {
  readonly metrics: readonly Metric[];
  readonly #engine: Pick<Engine, 'id' | 'telemetry'>;
  readonly #log: Logger;
  readonly #families = makeFamilies();
  readonly #starts = bound(this.#families.containerStarts);
  readonly #shimStarts = bound(this.#families.shimStarts);
  readonly #shimStartDurations = bound(this.#families.shimStartDurations);
  readonly #rpcs = bound(this.#families.rpcs);
  readonly #rpcDurations = bound(this.#families.rpcDurations);
  readonly #delay = new EventLoopDelay();
  readonly #subscriptions: readonly (() => void)[];

  constructor(engine: Pick<Engine, 'id' | 'telemetry'>, { log }: { readonly log: Logger }) {
    this.#engine = engine;
    this.#log = log;
    this.metrics = Object.values(this.#families);
    // So that a rate can be told from the first start on.
    this.#families.containerStarts.zero({ outcome: 'ok' });
    this.#subscriptions = [
      CONTAINER_STARTS.subscribe((start) => this.#onStart(start)),
      OOM_KILLS.subscribe((kill) => this.#onOomKill(kill)),
      SHIM_STARTS.subscribe((start) => this.#onShimStart(start)),
      RPCS.subscribe((rpc) => this.#onRpc(rpc)),
    ];
  }

  async collect(): Promise<void> {
    this.#readEngine();
    this.#readProcess();
    await this.#readFds();
  }

  close(): void {
    for (const end of this.#subscriptions) end();
    this.#delay.close();
  }

  #onStart({ engineId, outcome, durationMs }: ContainerStartObservation): void {
    if (engineId === this.#engine.id) this.#starts.of(outcome).observe(durationMs / MS_PER_SECOND);
  }

  #onOomKill({ engineId, kills }: OomKillObservation): void {
    if (engineId === this.#engine.id) this.#families.oomKills.inc(kills);
  }

  #onShimStart({ api, isWarm, isStarted, durationMs }: ShimStartObservation): void {
    const warm = String(isWarm);
    this.#shimStarts.of(api, warm, isStarted ? 'ok' : 'failed').inc();
    if (isStarted) this.#shimStartDurations.of(api, warm).observe(durationMs / MS_PER_SECOND);
  }

  #onRpc({ backend, method, code, durationMs, isStream }: RpcObservation): void {
    this.#rpcs.of(backend, method, String(code)).inc();
    if (!isStream) this.#rpcDurations.of(backend, method, String(code)).observe(durationMs / MS_PER_SECOND);
  }

  #readEngine(): void {
    const { containers, execsRunning, events, eventSubscribers, starts } = this.#engine.telemetry();
    const families = this.#families;
    for (const [state, count] of Object.entries(containers)) families.containers.set({ state }, count);
    families.execsRunning.set(execsRunning);
    families.events.reset();
    for (const { type, action, count } of events) families.events.inc({ type, action }, count);
    families.eventSubscribers.set(eventSubscribers);
    families.startsWaiting.set(starts.waiting);
    families.startsUnderWay.set(starts.underWay);
  }

  #readProcess(): void {
    const families = this.#families;
    families.activeResources.reset();
    for (const type of process.getActiveResourcesInfo()) families.activeResources.inc({ type });
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
    families.residentMemory.set(rss);
    families.heapUsed.set(heapUsed);
    families.heapTotal.set(heapTotal);
    families.externalMemory.set(external);
    const delay = this.#delay.read();
    show(families.delayMedian, delay?.p50);
    show(families.delayP99, delay?.p99);
    show(families.delayMax, delay?.max);
  }

  async #readFds(): Promise<void> {
    try {
      this.#families.openFds.set(await countOpenFds());
    } catch (err) {
      this.#families.openFds.remove();
      this.#log.debug({ err }, 'count open file descriptors');
    }
  }
}

/** What is not known is left out: 0 would be a value. */
function show(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
}

function bound<T>(family: Bindable<T>): BoundSeries<T> {
  return new BoundSeries((values) => family.labels(...values));
}

function makeFamilies() {
  // Of this collector alone: another one has its own of the same names.
  const own = { registers: [] };
  return {
    containerStarts: new Histogram({ ...FAMILIES.containerStarts, ...own }),
    startsWaiting: new Gauge({ ...FAMILIES.startsWaiting, ...own }),
    startsUnderWay: new Gauge({ ...FAMILIES.startsUnderWay, ...own }),
    containers: new Gauge({ ...FAMILIES.containers, ...own }),
    execsRunning: new Gauge({ ...FAMILIES.execsRunning, ...own }),
    events: new Counter({ ...FAMILIES.events, ...own }),
    eventSubscribers: new Gauge({ ...FAMILIES.eventSubscribers, ...own }),
    oomKills: new Counter({ ...FAMILIES.oomKills, ...own }),
    shimStarts: new Counter({ ...FAMILIES.shimStarts, ...own }),
    shimStartDurations: new Histogram({ ...FAMILIES.shimStartDurations, ...own }),
    rpcs: new Counter({ ...FAMILIES.rpcs, ...own }),
    rpcDurations: new Histogram({ ...FAMILIES.rpcDurations, ...own }),
    openFds: new Gauge({ ...FAMILIES.openFds, ...own }),
    activeResources: new Gauge({ ...FAMILIES.activeResources, ...own }),
    residentMemory: new Gauge({ ...FAMILIES.residentMemory, ...own }),
    heapUsed: new Gauge({ ...FAMILIES.heapUsed, ...own }),
    heapTotal: new Gauge({ ...FAMILIES.heapTotal, ...own }),
    externalMemory: new Gauge({ ...FAMILIES.externalMemory, ...own }),
    delayMedian: new Gauge({ ...FAMILIES.delayMedian, ...own }),
    delayP99: new Gauge({ ...FAMILIES.delayP99, ...own }),
    delayMax: new Gauge({ ...FAMILIES.delayMax, ...own }),
  };
}
