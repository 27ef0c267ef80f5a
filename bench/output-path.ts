import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FifoStdio } from '../src/cio/fifo-stdio.js';
import type { Client, OutputSink, OutputStream } from '../src/libcontainerd/types.js';
import type { OciSpec } from '../src/oci/runtime-spec.js';
import { makeFifos } from '../src/platform/fifo.js';
import { LocalHost } from '../test/integration/host/local-host.js';
import { finish, run } from '../test/integration/host/run-container.js';
import { containerSpec } from '../test/integration/host/spec.js';
import { TestHost } from '../test/integration/host/test-host.js';
import { FileSink } from './file-sink.js';
import { summarize } from './percentiles.js';
import type { BenchOptions, Report } from './report.js';
import { ShellClock } from './shell-clock.js';
import { table } from './table.js';

const MIB = 512;
const DD = ['if=/dev/zero', 'bs=64k', `count=${MIB * 16}`];
const WAYS = {
  stream: 'FIFO to our sink, counted',
  catNull: '`cat FIFO >/dev/null`',
  streamFile: 'FIFO to our sink to a file',
  catFile: '`cat FIFO >FILE`',
  container: 'container to our sink, embedded',
  ctr: 'container to `ctr run >/dev/null`',
} as const;
type Way = keyof typeof WAYS;
const ORDER: readonly Way[] = ['stream', 'catNull', 'streamFile', 'catFile', 'container', 'ctr'];

/** How fast output comes through: our side of the FIFO beside `cat`, and whole containers beside `ctr`. */
export async function outputPath({ rounds }: BenchOptions): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'lcd-out-'));
  const host = await LocalHost.start();
  const containerd = await TestHost.start();
  const clock = await ShellClock.open();
  try {
    const client = await host.client({ namespace: 'bench' });
    const ways: Readonly<Record<Way, (round: number) => Promise<number>>> = {
      stream: () => ours(folder, async () => new CountSink()),
      catNull: () => byCat(folder, '/dev/null'),
      streamFile: () => ours(folder, () => FileSink.open(join(folder, 'out'))),
      catFile: () => byCat(folder, join(folder, 'out')),
      container: (round) => ourContainer(client, host.rootfs, `out-${round}`),
      ctr: (round) => ctrContainer(containerd, clock, host.rootfs, `out-${round}`),
    };
    const times = new Map(ORDER.map((way) => [way, [] as number[]]));
    for (let round = -1; round < rounds; round++) {
      for (const way of ORDER) {
        const ms = await ways[way](round + 1);
        if (round >= 0) times.get(way)?.push(ms);
      }
    }
    return reportOf(times);
  } finally {
    await clock.close();
    await containerd.stop();
    await host.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Milliseconds for all bytes of a writer, through the stdio that a container gets. */
async function ours(folder: string, openSink: () => Promise<BenchSink>): Promise<number> {
  const stdio = await FifoStdio.create({ dir: folder, processId: 'ours', stdin: false, terminal: true });
  const { stdout } = stdio.streams;
  if (stdout === undefined) throw new Error('no output stream');
  const sink = await openSink();
  const startedAt = performance.now();
  const writer = spawn('dd', [...DD, `of=${stdio.config.stdout}`], { stdio: 'ignore' });
  // From its first bytes on the writer keeps the FIFO open, and its end is the end.
  consume(stdout, sink, () => stdio.peerOpened());
  await Promise.all([sink.done, once(writer, 'exit')]);
  const elapsedMs = performance.now() - startedAt;
  await stdio.close();
  return elapsedMs;
}

async function byCat(folder: string, target: string): Promise<number> {
  const fifo = join(folder, 'cat-fifo');
  await makeFifos([fifo]);
  const reader = spawn('sh', ['-c', 'exec cat "$0" >"$1"', fifo, target], { stdio: 'ignore' });
  const startedAt = performance.now();
  const writer = spawn('dd', [...DD, `of=${fifo}`], { stdio: 'ignore' });
  await Promise.all([once(reader, 'exit'), once(writer, 'exit')]);
  return performance.now() - startedAt;
}

interface BenchSink extends OutputSink {
  readonly done: Promise<void>;
  /** What to call when it takes more again. */
  onRoom: () => void;
}

class CountSink implements BenchSink {
  onRoom = () => {};
  readonly done: Promise<void>;
  #bytes = 0;
  #settle: () => void = () => {};

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#settle = () =>
        this.#bytes === MIB * 2 ** 20 ? resolve() : reject(new Error(`${this.#bytes} bytes came of ${MIB} MiB`));
    });
  }

  write(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    return true;
  }

  end(): void {
    this.#settle();
  }
}

function consume(stream: OutputStream, sink: BenchSink, onFirst: () => void): void {
  let isFirst = true;
  const write = (chunk: Buffer) => {
    if (isFirst) onFirst();
    isFirst = false;
    return sink.write(chunk);
  };
  const flow = stream.consume?.({ write, end: () => sink.end() });
  sink.onRoom = () => flow?.resume();
}

/** From newContainer to the last byte. */
async function ourContainer(client: Client, rootfs: string, id: string): Promise<number> {
  const sink = new CountSink();
  const startedAt = performance.now();
  const running = await run(client, id, {
    rootfs,
    args: ['/bin/dd', ...DD],
    attach: ({ stdout, stderr }) => {
      stderr?.resume();
      if (stdout !== undefined) consume(stdout, sink, () => {});
    },
  });
  await sink.done;
  const elapsedMs = performance.now() - startedAt;
  await finish(running);
  return elapsedMs;
}

async function ctrContainer(host: TestHost, clock: ShellClock, rootfs: string, id: string): Promise<number> {
  const bundle = join(host.folder, 'ctr', id);
  const config = join(bundle, 'config.json');
  const process = { args: ['/bin/dd', ...DD], cwd: '/', env: ['PATH=/bin'] };
  const spec: OciSpec = containerSpec({ rootfs, process });
  await mkdir(bundle, { recursive: true });
  await writeFile(config, JSON.stringify(spec));
  const base = ['ctr', '--address', host.address, '--namespace', 'bench'];
  const command = [...base, 'run', '--rm', '--runc-root', join(host.folder, 'runc'), '--config', config, id];
  return (await clock.each([command]))[0] ?? Number.NaN;
}

function reportOf(times: ReadonlyMap<Way, readonly number[]>): Report {
  const rate = (way: Way) => MIB / (summarize(times.get(way) ?? []).p50 / 1000);
  const of = (way: Way, peer: Way) => rate(way) / rate(peer);
  const beside: Partial<Record<Way, Way>> = { stream: 'catNull', streamFile: 'catFile', container: 'ctr' };
  const rows = ORDER.map((way) => {
    const peer = beside[way];
    return [WAYS[way], rate(way).toFixed(0), peer === undefined ? '' : `${of(way, peer).toFixed(2)} x`];
  });
  return {
    title: 'Output',
    method:
      `Medians of ${times.get('stream')?.length ?? 0} interleaved rounds of ${MIB} MiB that \`dd bs=64k\` writes as fast as it can; the rows of ` +
      'containers from their creation to the last byte.',
    blocks: [table([['', 'MiB/s', '/ the next row'], ...rows])],
    budgets: [
      {
        what: 'output, FIFO to file',
        wanted: '>= 0.8 x `cat`',
        measured: `${of('streamFile', 'catFile').toFixed(2)} x`,
        isMet: of('streamFile', 'catFile') >= 0.8,
      },
      {
        what: 'output, end to end',
        wanted: '>= `ctr run`',
        measured: `${of('container', 'ctr').toFixed(2)} x`,
        isMet: of('container', 'ctr') >= 1,
      },
    ],
    figures: Object.fromEntries(ORDER.map((way) => [way, { mibPerSecond: rate(way), ms: times.get(way) }])),
  };
}
