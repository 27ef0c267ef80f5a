/** A family of the engine's own telemetry, as docs/metrics.md has it. */
export interface EngineFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labelNames: readonly string[];
  /** Upper bounds, in the family's unit. */
  readonly buckets?: readonly number[];
}

/** Around what a start costs on the machine of docs/performance.md: 57 ms with a warm shim, 78 ms without. */
const START_BUCKETS = [0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10, 30];
const SHIM_BUCKETS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5, 5, 10];
const RPC_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, 30];

/** What `EngineCollector` shows, in that order. */
export const ENGINE_FAMILIES = {
  containerStarts: {
    name: 'engine_container_start_duration_seconds',
    help: 'Time from the call that starts a container to its running state, the wait for its turn included',
    type: 'histogram',
    labelNames: ['outcome'],
    buckets: START_BUCKETS,
  },
  startsWaiting: {
    name: 'engine_container_starts_waiting',
    help: 'Starts that wait for their turn',
    type: 'gauge',
    labelNames: [],
  },
  startsUnderWay: {
    name: 'engine_container_starts_under_way',
    help: 'Starts that are under way',
    type: 'gauge',
    labelNames: [],
  },
  containers: {
    name: 'engine_containers',
    help: 'Containers by state',
    type: 'gauge',
    labelNames: ['state'],
  },
  execsRunning: {
    name: 'engine_execs_running',
    help: 'Execs that run, without the probes of health checks',
    type: 'gauge',
    labelNames: [],
  },
  events: {
    name: 'engine_events_total',
    help: 'Events published since the engine was opened',
    type: 'counter',
    labelNames: ['type', 'action'],
  },
  eventSubscribers: {
    name: 'engine_event_subscribers',
    help: 'Streams of events that are open',
    type: 'gauge',
    labelNames: [],
  },
  oomKills: {
    name: 'engine_oom_kills_total',
    help: 'OOM kills in containers that the kernel told of',
    type: 'counter',
    labelNames: [],
  },
  shimStarts: {
    name: 'engine_shim_starts_total',
    help: 'Starts of shims in this process',
    type: 'counter',
    labelNames: ['api', 'warm', 'outcome'],
  },
  shimStartDurations: {
    name: 'engine_shim_start_duration_seconds',
    help: 'Time that a shim took to start and to answer',
    type: 'histogram',
    labelNames: ['api', 'warm'],
    buckets: SHIM_BUCKETS,
  },
  rpcs: {
    name: 'engine_rpcs_total',
    help: 'Calls to backends in this process that have ended, streams included',
    type: 'counter',
    labelNames: ['backend', 'method', 'code'],
  },
  rpcDurations: {
    name: 'engine_rpc_duration_seconds',
    help: 'Time that calls to backends took, without streams',
    type: 'histogram',
    labelNames: ['backend', 'method', 'code'],
    buckets: RPC_BUCKETS,
  },
  openFds: {
    name: 'engine_process_open_fds',
    help: 'Open file descriptors of this process',
    type: 'gauge',
    labelNames: [],
  },
  activeResources: {
    name: 'engine_process_active_resources',
    help: 'What keeps the event loop of this process alive: handles and requests by type',
    type: 'gauge',
    labelNames: ['type'],
  },
  residentMemory: {
    name: 'engine_process_resident_memory_bytes',
    help: 'Resident memory of this process',
    type: 'gauge',
    labelNames: [],
  },
  heapUsed: {
    name: 'engine_process_heap_used_bytes',
    help: 'JavaScript heap in use',
    type: 'gauge',
    labelNames: [],
  },
  heapTotal: {
    name: 'engine_process_heap_total_bytes',
    help: 'JavaScript heap that is allocated',
    type: 'gauge',
    labelNames: [],
  },
  externalMemory: {
    name: 'engine_process_external_memory_bytes',
    help: 'Memory of objects outside the JavaScript heap, buffers included',
    type: 'gauge',
    labelNames: [],
  },
  delayMedian: {
    name: 'engine_event_loop_delay_p50_seconds',
    help: 'Median delay of the event loop since the last scrape',
    type: 'gauge',
    labelNames: [],
  },
  delayP99: {
    name: 'engine_event_loop_delay_p99_seconds',
    help: '99th percentile of the delay of the event loop since the last scrape',
    type: 'gauge',
    labelNames: [],
  },
  delayMax: {
    name: 'engine_event_loop_delay_max_seconds',
    help: 'Longest delay of the event loop since the last scrape',
    type: 'gauge',
    labelNames: [],
  },
} as const satisfies Record<string, EngineFamily>;
