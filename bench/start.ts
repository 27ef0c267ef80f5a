import type { Contender, StartTime } from './contender.js';
import { Peers, WARM_SHIMS } from './peers.js';
import { type Summary, summarize } from './percentiles.js';
import type { BenchOptions, Budget, Report } from './report.js';
import { table } from './table.js';

export interface StartResult {
  readonly name: string;
  readonly total: Summary;
  /** newContainer, newTask and start of ours; create and start of the bare runtime. */
  readonly stepMedians: readonly number[];
}

const WARM_UP_ROUNDS = 3;
const STARTS_PER_ROUND = 10;

/** One container at a time, by everybody in turn, so that a drift of the machine meets all. */
export async function startOneAtATime({ rounds }: BenchOptions): Promise<Report> {
  const peers = await Peers.open();
  try {
    const bare = peers.bare();
    const contenders = [await peers.cold(), await peers.warm(), bare, peers.bareFromNode(), peers.ctr()];
    contenders.push(await peers.remote());
    const crunProblem = await peers.crunProblem();
    if (crunProblem === undefined) {
      contenders.push(await peers.cold('crun'), await peers.warm('crun'), peers.bare('crun'));
    }
    const results = await measure(contenders, rounds * STARTS_PER_ROUND);
    return reportOf(results, crunProblem);
  } finally {
    await peers.close();
  }
}

async function measure(contenders: readonly Contender[], rounds: number): Promise<StartResult[]> {
  const times = contenders.map((): StartTime[] => []);
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const id = `start-${index}-${round + WARM_UP_ROUNDS}`;
      await contender.ready();
      const time = await contender.start(id);
      await contender.remove([id]);
      if (round >= 0) times[index]?.push(time);
    }
  }
  return contenders.map(({ name }, index) => resultOf(name, times[index] ?? []));
}

function resultOf(name: string, times: readonly StartTime[]): StartResult {
  const steps = times[0]?.stepsMs ?? [];
  const stepMedians = steps.map((_, step) => summarize(times.map(({ stepsMs }) => stepsMs[step] ?? 0)).p50);
  return { name, total: summarize(times.map(({ totalMs }) => totalMs)), stepMedians };
}

function reportOf(results: readonly StartResult[], crunProblem: string | undefined): Report {
  const of = (name: string) => results.find((result) => result.name === name)?.total.p50 ?? Number.NaN;
  const bareMs = of('bare runc create + start');
  const ctrMs = of('ctr run -d');
  const rows = results.map(({ name, total, stepMedians }) => [
    name,
    ms(total.p50),
    ms(total.p90),
    ms(total.min),
    ratio(total.p50, bareMs),
    stepMedians.length > 1 ? stepMedians.map(ms).join(' + ') : '',
  ]);
  const head = ['', 'p50 ms', 'p90 ms', 'best ms', 'p50 / bare runc', 'steps, p50 ms'];
  const crun =
    crunProblem === undefined ? [] : [`crun was not measured: it does not run on this host (${crunProblem}).`];
  return {
    title: 'Start, one at a time',
    method:
      `${results[0]?.total.count ?? 0} interleaved rounds; busybox \`sleep\`, one config.json and root file system for all. ` +
      'Ours: `newContainer` until `task.start()` settles, with stdout and stderr attached and read ' +
      `(steps: newContainer + newTask + start); warm: a pool of ${WARM_SHIMS} shims, full before each start. ` +
      'Bare runc: bundle prepared, output to /dev/null, `--pid-file`, timed in one bash by $EPOCHREALTIME, so that ' +
      'neither the start of a process by Node nor that of the shell is in it. `ctr run -d --null-io`: the same clock.',
    blocks: [table([head, ...rows]), ...crun],
    budgets: budgets(of('embedded, cold'), of('embedded, warm'), bareMs, ctrMs),
    figures: { results, crunProblem },
  };
}

function budgets(cold: number, warm: number, bare: number, ctr: number): Budget[] {
  const line = (what: string, value: number, limit: number): Budget => ({
    what,
    wanted: `<= ${limit} x bare runc`,
    measured: `${(value / bare).toFixed(2)} x`,
    isMet: value <= limit * bare,
  });
  const faster = { what: 'embedded start, cold', wanted: 'faster than `ctr run -d`' };
  return [
    line('embedded start, cold', cold, 1.5),
    line('embedded start, warm shims', warm, 1.2),
    { ...faster, measured: `ctr / ours ${(ctr / cold).toFixed(2)} x`, isMet: cold < ctr },
  ];
}

function ms(value: number): string {
  return value.toFixed(1);
}

function ratio(value: number, base: number): string {
  return `${(value / base).toFixed(2)} x`;
}
