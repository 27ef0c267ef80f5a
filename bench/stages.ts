import { FifoStdio } from '../src/cio/fifo-stdio.js';
import { DiskContainerStore } from '../src/libcontainerd/local/linux/container-store.js';
import { TtrpcClient } from '../src/protocol/ttrpc/index.js';
import { RuntimeTable } from '../src/runtimes/index.js';
import { BundleStore } from '../src/shim/bundle-store.js';
import { LogPump } from '../src/shim/log-pump.js';
import { ShimBinaries } from '../src/shimv2/binary.js';
import type { Contender } from './contender.js';
import { Peers } from './peers.js';
import { type Summary, summarize } from './percentiles.js';
import type { BenchOptions, Report } from './report.js';
import { type Span, Spans } from './spans.js';
import { table } from './table.js';

/** A stage is one span, or what lies between the end of one and the beginning of the next. */
interface Stage {
  readonly name: string;
  readonly from: string;
  readonly to?: string;
}

const START: readonly Stage[] = [
  { name: "container's document, flushed to the disk", from: 'document' },
  { name: 'stdio FIFOs made and opened', from: 'stdio' },
  { name: 'runtime name to shim binary', from: 'resolve' },
  { name: 'bundle', from: 'bundle' },
];
const CREATE_AND_START: readonly Stage[] = [
  { name: 'socket of the shim dialled', from: 'dial' },
  { name: 'Connect (asks for its pid)', from: 'Task/Connect' },
  { name: 'three files that find the shim again', from: 'Task/Connect', to: 'Task/Create' },
  { name: 'Create: the shim runs `runc create`', from: 'Task/Create' },
  { name: 'Start: the shim runs `runc start`', from: 'Task/Start' },
];
const STAGES: Readonly<Record<'cold' | 'warm', readonly Stage[]>> = {
  cold: [
    ...START,
    { name: "shim's log FIFO", from: 'log' },
    { name: "shim's form looked up", from: 'form' },
    { name: "shim's `start` action", from: 'form', to: 'dial' },
    ...CREATE_AND_START,
  ],
  // Connected already; what finds the shim again is written while Create is under way.
  warm: [...START, ...CREATE_AND_START.slice(-2)],
};

interface StagesResult {
  readonly name: 'cold' | 'warm';
  readonly total: Summary;
  readonly stages: ReadonlyMap<string, Summary>;
  /** Of this process, user and system, in milliseconds a start. */
  readonly cpuMs: { readonly user: number; readonly system: number };
  /** In milliseconds a start: how long the event loop was not waiting. */
  readonly loopMs: number;
}

const WARM_UP = 5;
const REST = 'between the stages: our own code';

/** Where the milliseconds of an embedded start go. */
export async function startStages({ rounds }: BenchOptions): Promise<Report> {
  const peers = await Peers.open();
  const spans = new Spans();
  spans.wrap(DiskContainerStore.prototype, 'create', 'document');
  spans.wrap(FifoStdio, 'create', 'stdio');
  spans.wrap(RuntimeTable.prototype, 'resolve', 'resolve');
  spans.wrap(BundleStore.prototype, 'create', 'bundle');
  spans.wrap(LogPump, 'open', 'log');
  spans.wrap(ShimBinaries.prototype, 'inputForm', 'form');
  spans.wrap(TtrpcClient, 'connect', 'dial');
  try {
    const results = [
      await measure('cold', await peers.cold(), spans, rounds * 10),
      await measure('warm', await peers.warm(), spans, rounds * 10),
    ];
    return reportOf(results);
  } finally {
    spans.close();
    await peers.close();
  }
}

async function measure(
  name: 'cold' | 'warm',
  contender: Contender,
  spans: Spans,
  rounds: number,
): Promise<StagesResult> {
  const totals: number[] = [];
  const stages = new Map<string, number[]>(
    [...STAGES[name].map((stage) => stage.name), REST].map((each) => [each, []]),
  );
  const cpu = { user: 0, system: 0 };
  let loopMs = 0;
  for (let round = -WARM_UP; round < rounds; round++) {
    const id = `stages-${name}-${round + WARM_UP}`;
    await contender.ready();
    spans.take();
    const cpuBefore = process.cpuUsage();
    const loopBefore = performance.eventLoopUtilization();
    const { totalMs } = await contender.start(id);
    const { user, system } = process.cpuUsage(cpuBefore);
    const { active } = performance.eventLoopUtilization(loopBefore);
    const found = spans.take();
    await contender.remove([id]);
    if (round < 0) continue;
    totals.push(totalMs);
    cpu.user += user / 1000 / rounds;
    cpu.system += system / 1000 / rounds;
    loopMs += active / rounds;
    const seen: Span[] = [];
    for (const stage of STAGES[name]) {
      const span = spanOf(stage, found);
      if (span === undefined) continue;
      seen.push(span);
      stages.get(stage.name)?.push(span.endedAt - span.beganAt);
    }
    stages.get(REST)?.push(totalMs - covered(seen));
  }
  const measured = [...stages].filter(([, samples]) => samples.length > 0);
  const summaries = new Map(measured.map(([stage, samples]) => [stage, summarize(samples)]));
  return { name, total: summarize(totals), stages: summaries, cpuMs: cpu, loopMs };
}

/** `undefined` when the start had no such stage. */
function spanOf({ from, to }: Stage, spans: ReadonlyMap<string, Span>): Span | undefined {
  const first = spans.get(from);
  if (to === undefined || first === undefined) return first;
  const second = spans.get(to);
  return second && { beganAt: first.endedAt, endedAt: Math.max(first.endedAt, second.beganAt) };
}

/** Milliseconds in which at least one of them was under way. */
function covered(spans: readonly Span[]): number {
  let sum = 0;
  let until = 0;
  for (const { beganAt, endedAt } of spans.toSorted((a, b) => a.beganAt - b.beganAt)) {
    sum += Math.max(0, endedAt - Math.max(until, beganAt));
    until = Math.max(until, endedAt);
  }
  return sum;
}

function reportOf(results: readonly StagesResult[]): Report {
  const names = [...new Set(results.flatMap(({ stages }) => [...stages.keys()]))];
  const order = STAGES.cold.map(({ name }) => name);
  names.sort((a, b) => rank(order, a) - rank(order, b));
  const cells = (of: (result: StagesResult) => number | undefined) =>
    results.map((result) => of(result)?.toFixed(2) ?? '');
  const rows = names.map((name) => [name, ...cells(({ stages }) => stages.get(name)?.p50)]);
  rows.push(['**whole start**', ...cells(({ total }) => total.p50)]);
  rows.push(['our process, CPU (user + system)', ...cells(({ cpuMs }) => cpuMs.user + cpuMs.system)]);
  rows.push(['our event loop, busy', ...cells(({ loopMs }) => loopMs)]);
  return {
    title: 'Where the milliseconds of an embedded start go',
    method:
      `Medians of ${results[0]?.total.count ?? 0} starts each, one at a time, taken on the real path: methods are wrapped, ` +
      'shim calls observed on `libcontainerd:rpc`. CPU of the warm start holds what refills the pool meanwhile.',
    blocks: [table([['', 'cold ms', 'warm ms'], ...rows])],
    budgets: [],
    figures: results.map(({ stages, ...result }) => ({ ...result, stages: Object.fromEntries(stages) })),
  };
}

/** Unknown names last. */
function rank(order: readonly string[], name: string): number {
  const at = order.indexOf(name);
  return at === -1 ? order.length : at;
}
