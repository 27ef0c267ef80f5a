import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '../src/libcontainerd/types.js';
import { inParallel } from '../test/integration/host/run-container.js';
import { containerSpec } from '../test/integration/host/spec.js';
import { TestHost } from '../test/integration/host/test-host.js';
import { Ctr } from './ctr.js';
import { type Summary, summarize, timed } from './percentiles.js';
import type { BenchOptions, Report } from './report.js';
import { table } from './table.js';

type Phase = 'create' | 'start' | 'create + start' | 'exit seen' | 'delete' | 'whole life';
const PHASES: readonly Phase[] = ['create', 'start', 'create + start', 'exit seen', 'delete', 'whole life'];
type Samples = Record<Phase, number[]>;

export interface LifeResult {
  readonly concurrency: number;
  readonly containers: number;
  readonly ours: Readonly<Record<Phase, Summary>>;
  readonly ctr: Readonly<Partial<Record<Phase, Summary>>>;
  /** Whole lives a second. */
  readonly oursPerSecond: number;
  readonly ctrPerSecond: number;
  /** ctr's median of a whole life over ours: above 1 we are faster. */
  readonly wholeLifeRatio: number;
}

/**
 * The life of a container that runs /bin/true, through the library and through `ctr`, on one containerd, from the same
 * config.json, in alternating rounds so that a drift of the machine meets both.
 */
export async function remoteLife({ rounds }: BenchOptions): Promise<Report> {
  const host = await TestHost.start();
  try {
    const client = await host.client({ namespace: 'bench' });
    const ctr = new Ctr(host.address, 'bench');
    await ours(client, host, 'warm-up', emptySamples());
    await theirs(ctr, host, 'warm-up', emptySamples());
    const results: LifeResult[] = [];
    for (const concurrency of [1, 10]) results.push(await compare(host, client, ctr, concurrency, rounds));
    return reportOf(results);
  } finally {
    await host.stop();
  }
}

const BATCH = 10;

async function compare(
  host: TestHost,
  client: Client,
  ctr: Ctr,
  concurrency: number,
  rounds: number,
): Promise<LifeResult> {
  const oursSamples = emptySamples();
  const ctrSamples = emptySamples();
  let oursMs = 0;
  let ctrMs = 0;
  for (let round = 0; round < rounds; round++) {
    const id = (who: string, index: number) => `${who}-${concurrency}-${round}-${index}`;
    oursMs += await elapsed(() =>
      inParallel(BATCH, concurrency, (index) => ours(client, host, id('ours', index), oursSamples)),
    );
    ctrMs += await elapsed(() =>
      inParallel(BATCH, concurrency, (index) => theirs(ctr, host, id('ctr', index), ctrSamples)),
    );
    await inParallel(BATCH, concurrency, (index) => theirSteps(ctr, host, id('steps', index), ctrSamples));
  }
  const containers = rounds * BATCH;
  const summary = { ours: summarizeAll(oursSamples), ctr: summarizeAll(ctrSamples) };
  return {
    concurrency,
    containers,
    ours: summary.ours as Record<Phase, Summary>,
    ctr: summary.ctr,
    oursPerSecond: perSecond(containers, oursMs),
    ctrPerSecond: perSecond(containers, ctrMs),
    wholeLifeRatio: ratio(summary.ctr['whole life'], summary.ours['whole life']),
  };
}

async function ours(client: Client, host: TestHost, id: string, samples: Samples): Promise<void> {
  await timed(samples['whole life'], async () => {
    const spec = specOf(host);
    const bornAt = performance.now();
    const { container, task } = await timed(samples.create, async () => {
      const made = await client.newContainer(id, { spec });
      return { container: made, task: await made.newTask({ stdio: { attach: (io) => void io.stdout?.resume() } }) };
    });
    const startedAt = performance.now();
    await timed(samples.start, () => task.start());
    samples['create + start'].push(performance.now() - bornAt);
    await task.wait({ timeoutMs: 30_000 });
    samples['exit seen'].push(performance.now() - startedAt);
    await timed(samples.delete, async () => {
      await task.delete();
      await container.delete();
    });
  });
}

/** The whole life in one command, as a person runs it. */
async function theirs(ctr: Ctr, host: TestHost, id: string, samples: Samples): Promise<void> {
  const config = writeConfig(host, id);
  await timed(samples['whole life'], () => ctr.call('run', '--rm', ...runcRoot(host), '--config', config, id));
}

/** The same in steps. ctr has no command that only creates a task, and its `run` without -d ends after the exit. */
async function theirSteps(ctr: Ctr, host: TestHost, id: string, samples: Samples): Promise<void> {
  const config = writeConfig(host, id);
  await timed(samples['create + start'], () => ctr.call('run', '--detach', ...runcRoot(host), '--config', config, id));
  await timed(samples.delete, async () => {
    await ctr.call('tasks', 'delete', '--force', id);
    await ctr.call('containers', 'delete', id);
  });
}

function runcRoot(host: TestHost): string[] {
  return ['--runc-root', join(host.folder, 'runc')];
}

function writeConfig(host: TestHost, id: string): string {
  const folder = join(host.folder, 'ctr', id);
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify(specOf(host)));
  return config;
}

function specOf(host: TestHost) {
  return containerSpec({ rootfs: host.rootfs, process: { args: ['/bin/true'], cwd: '/', env: ['PATH=/bin'] } });
}

function reportOf(results: readonly LifeResult[]): Report {
  return {
    title: 'Life of a container over remote',
    method:
      '`/bin/true` from create to delete, through our client of a containerd and by `ctr run --rm` on the same containerd, ' +
      'same config.json, in alternating rounds; milliseconds. `ctr` is a process for each command, which is in its figures.',
    blocks: results.map(lifeText),
    budgets: [],
    figures: results,
  };
}

function lifeText(result: LifeResult): string {
  const row = (phase: Phase) => {
    const mine = result.ours[phase];
    const ctr = result.ctr[phase];
    return [phase, mine.p50.toFixed(1), mine.p95.toFixed(1), ctr?.p50.toFixed(1) ?? '', ctr?.p95.toFixed(1) ?? ''];
  };
  const head = [
    `${result.containers} containers, ${result.concurrency} at a time`,
    'ours p50',
    'p95',
    'ctr p50',
    'p95',
  ];
  const rates = `Lives a second: ours ${result.oursPerSecond}, ctr ${result.ctrPerSecond}; ctr / ours, median: ${result.wholeLifeRatio}`;
  return `${table([head, ...PHASES.map(row)])}\n\n${rates}`;
}

function emptySamples(): Samples {
  return { create: [], start: [], 'create + start': [], 'exit seen': [], delete: [], 'whole life': [] };
}

function summarizeAll(samples: Samples): Partial<Record<Phase, Summary>> {
  const filled = PHASES.filter((phase) => samples[phase].length > 0);
  return Object.fromEntries(filled.map((phase) => [phase, summarize(samples[phase])]));
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function perSecond(count: number, ms: number): number {
  return Math.round((count / ms) * 10_000) / 10;
}

function ratio(a: Summary | undefined, b: Summary | undefined): number {
  if (a === undefined || b === undefined) throw new Error('nothing was measured');
  return Math.round((a.p50 / b.p50) * 100) / 100;
}
