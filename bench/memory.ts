import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { endLeftovers, leftovers, shimsOf } from '../test/integration/host/leftovers.js';
import { makeRootfs } from '../test/integration/host/rootfs.js';
import type { BenchOptions, Report } from './report.js';
import { table } from './table.js';

interface Weight {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly fds: number;
}

interface MemoryResult {
  readonly containers: number;
  readonly inShim: number;
  /** Of the engine, for each container; bytes, but for the descriptors. */
  readonly engine: Weight;
  readonly shims: number;
  /** Of all shims, for each container; bytes. `own` is what no other process has mapped. */
  readonly shim: { readonly rss: number; readonly pss: number; readonly own: number };
}

const CONTAINERS = 200;
const IN_GROUP = 10;
const BUDGET_KIB = 100;

/** What a running container weighs: in an engine of its own process, and in the shims. */
export async function memoryOfContainers({ count }: BenchOptions): Promise<Report> {
  const containers = Math.min(CONTAINERS, count);
  const results = [await measure(containers, 1), await measure(containers, IN_GROUP)];
  const kib = (bytes: number) => (bytes / 1024).toFixed(1);
  const rows = results.map(({ inShim, engine, shims, shim }) => [
    inShim === 1 ? 'a shim each' : `${inShim} in a shim`,
    kib(engine.heapUsed),
    kib(engine.external),
    kib(engine.rss),
    engine.fds.toFixed(1),
    String(shims),
    kib(shim.rss),
    kib(shim.pss),
    kib(shim.own),
  ]);
  const head = ['', 'heap', 'external', 'engine RSS', 'fds', 'shims', 'shim RSS', 'shim PSS', 'shim private'];
  const rss = (results[0]?.engine.rss ?? Number.NaN) / 1024;
  return {
    title: `Memory for each running container (of ${containers})`,
    method:
      'KiB a container. An engine in a process of its own, after 30 containers that came and went: growth from none to ' +
      `${containers} running containers with attached output, after garbage collection. The shims' memory is ` +
      'theirs (`smaps_rollup`), divided by the containers.',
    blocks: [table([head, ...rows])],
    budgets: [
      {
        what: 'engine memory a container',
        wanted: `<= ${BUDGET_KIB} KiB`,
        measured: `${rss.toFixed(1)} KiB (RSS)`,
        isMet: rss <= BUDGET_KIB,
      },
    ],
    figures: results,
  };
}

async function measure(containers: number, inShim: number): Promise<MemoryResult> {
  const folder = await mkdtemp('/tmp/lcd-');
  const rootfs = await makeRootfs(join(folder, 'rootfs'));
  const args = [join(folder, 'root'), join(folder, 'state'), rootfs, String(containers), String(inShim)];
  const child = fork(new URL('./memory-engine.js', import.meta.url), args, { execArgv: ['--expose-gc'] });
  const gone = once(child, 'exit');
  try {
    const next = async () => weightOf(await Promise.race([once(child, 'message'), gone.then(ended)]));
    const empty = await next();
    const full = await next();
    const shims = await Promise.all((await shimsOf(folder)).map(({ pid }) => shimWeight(pid)));
    child.send('end');
    await gone;
    const left = await leftovers(folder);
    if (left.length > 0) throw new Error(`the bench left behind: ${left.join('; ')}`);
    const each = (total: number) => total / containers;
    const sum = (of: (shim: ShimWeight) => number) => each(shims.reduce((all, shim) => all + of(shim), 0));
    return {
      containers,
      inShim,
      engine: {
        rss: each(full.rss - empty.rss),
        heapUsed: each(full.heapUsed - empty.heapUsed),
        external: each(full.external - empty.external),
        fds: each(full.fds - empty.fds),
      },
      shims: shims.length,
      shim: { rss: sum(({ rss }) => rss), pss: sum(({ pss }) => pss), own: sum(({ own }) => own) },
    };
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
    await endLeftovers(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

function ended(): never {
  throw new Error('the engine whose memory is measured ended');
}

function weightOf([message]: unknown[]): Weight {
  const number = (key: string): number => {
    const value = Object.entries(message ?? {}).find(([name]) => name === key)?.[1];
    if (typeof value !== 'number') throw new Error(`the engine sent no ${key}`);
    return value;
  };
  return { rss: number('rss'), heapUsed: number('heapUsed'), external: number('external'), fds: number('fds') };
}

type ShimWeight = MemoryResult['shim'];

async function shimWeight(pid: number): Promise<ShimWeight> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN) * 1024;
  return { rss: bytes('Rss'), pss: bytes('Pss'), own: bytes('Private_Clean') + bytes('Private_Dirty') };
}
