import type { Contender } from './contender.js';
import { Peers } from './peers.js';
import type { BenchOptions, Report } from './report.js';
import { table } from './table.js';

export interface ThroughputResult {
  readonly name: string;
  readonly perSecond: number;
  /** Of the slowest and the quickest batch. */
  readonly range: readonly [number, number];
}

const CONCURRENCY = 10;
/** That many run at once at most; they are removed between the batches, which is not measured. */
const BATCH = 200;

/** Many starts, ten at a time, by everybody in turn, a batch each. */
export async function startThroughput({ count }: BenchOptions): Promise<Report> {
  const peers = await Peers.open();
  try {
    const contenders = [await peers.cold(), await peers.warm(), await peers.remote(), peers.ctr(), peers.bare()];
    for (const [index, contender] of contenders.entries()) await batch(contender, `warmup-${index}`, CONCURRENCY);
    const batches = contenders.map((): { count: number; ms: number }[] => []);
    for (let done = 0; done < count; done += BATCH) {
      const size = Math.min(BATCH, count - done);
      for (const [index, contender] of contenders.entries()) {
        batches[index]?.push({ count: size, ms: await batch(contender, `many-${index}-${done}`, size) });
      }
    }
    return reportOf(
      contenders.map(({ name }, index) => resultOf(name, batches[index] ?? [])),
      count,
    );
  } finally {
    await peers.close();
  }
}

async function batch(contender: Contender, prefix: string, size: number): Promise<number> {
  const ids = Array.from({ length: size }, (_, index) => `${prefix}-${index}`);
  await contender.ready();
  const elapsedMs = await contender.startAll(ids, CONCURRENCY);
  await contender.remove(ids);
  return elapsedMs;
}

function resultOf(name: string, batches: readonly { count: number; ms: number }[]): ThroughputResult {
  const sum = (of: (each: { count: number; ms: number }) => number) => batches.reduce((all, each) => all + of(each), 0);
  const rates = batches.map(({ count, ms }) => (count / ms) * 1000);
  return {
    name,
    perSecond: (sum(({ count }) => count) / sum(({ ms }) => ms)) * 1000,
    range: [Math.min(...rates), Math.max(...rates)],
  };
}

function reportOf(results: readonly ThroughputResult[], count: number): Report {
  const of = (name: string) => results.find((result) => result.name === name)?.perSecond ?? Number.NaN;
  const ctr = of('ctr run -d');
  const cold = of('embedded, cold');
  const rows = results.map(({ name, perSecond, range }) => [
    name,
    perSecond.toFixed(1),
    `${range[0].toFixed(1)} to ${range[1].toFixed(1)}`,
    `${(perSecond / ctr).toFixed(2)} x`,
  ]);
  return {
    title: `Throughput: ${count} starts, ${CONCURRENCY} at a time`,
    method:
      `Each starts ${count} containers that run \`sleep\`, in batches of ${BATCH} by turns, and removes them between batches ` +
      `(not timed). ctr and bare runc: ${CONCURRENCY} shell loops side by side.`,
    blocks: [table([['', 'starts/s', 'batches', '/ ctr'], ...rows])],
    budgets: [
      {
        what: `starts with concurrency ${CONCURRENCY}`,
        wanted: "more a second than `ctr`, containerd's Go client",
        measured: `${cold.toFixed(1)}/s against ${ctr.toFixed(1)}/s`,
        isMet: cold > ctr,
      },
    ],
    figures: { count, concurrency: CONCURRENCY, results },
  };
}
