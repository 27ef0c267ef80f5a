// npm run bench [-- --only NAME[,NAME]] [--rounds N] [--count N] [--json FILE] [--docs FILE]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { missing } from '../test/integration/host/requirements.js';
import { daemonCore } from './engine.js';
import { loadNow, machineLines, machineNow } from './machine.js';
import { budgetTable, reportText, withFigures } from './markdown.js';
import { memoryOfContainers } from './memory.js';
import { outputPath } from './output-path.js';
import { remoteLife } from './remote-life.js';
import type { BenchOptions, Report } from './report.js';
import { startStages } from './stages.js';
import { startOneAtATime } from './start.js';
import { startThroughput } from './throughput.js';
import { ttrpcBesideGrpc } from './ttrpc.js';

type Measurement = (options: BenchOptions) => Promise<Report>;

const EMBEDDED: readonly (readonly [string, Measurement])[] = [
  ['start', startOneAtATime],
  ['stages', startStages],
  ['throughput', startThroughput],
  ['memory', memoryOfContainers],
  ['output', outputPath],
  ['engine', daemonCore],
];
const MEASUREMENTS = new Map([...EMBEDDED, ['rpc', ttrpcBesideGrpc] as const, ['remote', remoteLife] as const]);

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: [...MEASUREMENTS.keys()].join() },
    rounds: { type: 'string', default: '5' },
    count: { type: 'string', default: '1000' },
    json: { type: 'string', default: '.cache/bench.json' },
    docs: { type: 'string' },
  },
});
const names = values.only.split(',').flatMap((name) => (name === 'embedded' ? EMBEDDED.map(([each]) => each) : [name]));
const options: BenchOptions = { rounds: Number(values.rounds), count: Number(values.count) };
const problem = problemOf(names, options);
if (problem !== undefined) {
  console.error(`bench: ${problem}`);
  process.exit(2);
}

const machine = machineNow();
const reports: Report[] = [];
for (const name of names) {
  const measure = MEASUREMENTS.get(name);
  if (measure === undefined) continue;
  console.error(`bench: ${name}`);
  const report = await measure(options);
  reports.push(report);
  console.log(`${reportText(report)}\n`);
}
const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');
const heading = machineLines(machine, command, loadNow());
const budgets = budgetTable(reports);
console.log([budgets, heading].filter((text) => text !== '').join('\n\n'));
mkdirSync(dirname(values.json), { recursive: true });
writeFileSync(values.json, `${JSON.stringify({ machine, command, loadAtEnd: loadNow(), reports }, undefined, 2)}\n`);
console.log(`\nas JSON: ${values.json}`);
if (values.docs !== undefined) {
  const figures = [heading, budgets, ...reports.map(reportText)].join('\n\n');
  writeFileSync(values.docs, withFigures(readFileSync(values.docs, 'utf8'), figures));
}

function problemOf(wanted: readonly string[], { rounds, count }: BenchOptions): string | undefined {
  const unknown = wanted.filter((name) => !MEASUREMENTS.has(name));
  if (unknown.length > 0)
    return `there is no ${unknown.join()}; there are embedded, ${[...MEASUREMENTS.keys()].join(', ')}`;
  if (!Number.isInteger(rounds) || rounds < 1) return '--rounds must be a whole number above 0';
  if (!Number.isInteger(count) || count < 1) return '--count must be a whole number above 0';
  return missing('containerd', 'ctr', 'containerd-shim-runc-v2', 'runc', 'busybox', 'bash') || undefined;
}
