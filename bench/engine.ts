import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineContainer } from '../src/daemon-core/index.js';
import { EngineHost, SLEEP, sh } from '../test/integration/daemon/engine-host.js';
import { inParallel, run } from '../test/integration/host/run-container.js';
import { summarize, timed } from './percentiles.js';
import type { BenchOptions, Budget, Report } from './report.js';
import { table } from './table.js';

const STARTS = 20;
const FLEET = 200;
const CHATTY = 2;
const WATCH_MS = 5_000;
const REOPEN_BUDGET_MS = 5_000;
const LIST_BUDGET_MS = 50;
const STALL_BUDGET_MS = 50;
const CPU_BUDGET = 1;
/** Room for the warm shims to be there again. */
const BETWEEN_MS = 200;

/** What the daemon core costs above the seam, and what it is like with many containers, and with loud ones. */
export async function daemonCore({ count }: BenchOptions): Promise<Report> {
  const fleet = Math.min(FLEET, count);
  const host = await EngineHost.start();
  try {
    const starts = await startTimes(host);
    const idle = await idleFleet(host, fleet);
    const loud = await loudContainers(host);
    const ratio = starts.engine.p50 / starts.seam.p50;
    const budgets: Budget[] = [
      {
        what: `restart of an engine with ${fleet} running containers`,
        wanted: `< ${REOPEN_BUDGET_MS / 1000} s (of 1000)`,
        measured: `${(idle.reopenMs / 1000).toFixed(2)} s`,
        isMet: idle.reopenMs < REOPEN_BUDGET_MS,
      },
      {
        what: `CPU of an engine with ${fleet} idle containers`,
        wanted: `< ${CPU_BUDGET} % (of 1000)`,
        measured: `${idle.cpuPercent.toFixed(2)} %`,
        isMet: idle.cpuPercent < CPU_BUDGET,
      },
      {
        what: `list and inspect of ${fleet} containers`,
        wanted: `< ${LIST_BUDGET_MS} ms (of 1000)`,
        measured: `${idle.list.p95.toFixed(2)} ms`,
        isMet: idle.list.p95 < LIST_BUDGET_MS,
      },
      {
        what: `event loop p99 with ${CHATTY} containers that print without end`,
        wanted: `< ${STALL_BUDGET_MS} ms`,
        measured: `${loud.stallP99Ms.toFixed(1)} ms`,
        isMet: loud.stallP99Ms < STALL_BUDGET_MS,
      },
    ];
    return {
      title: 'Daemon core',
      method:
        `Starts: create and start of \`sleep\` by an engine (overlay, seccomp, cgroup, logs) and by its own client of the seam ` +
        `(a bare spec), ${STARTS} each by turns, warm shims, lossless stdio. Fleet: ${fleet} idle containers. Loud: ` +
        `${CHATTY} containers that run \`yes\` into json-file with rotation, for ${WATCH_MS / 1000} s.`,
      blocks: [
        table([
          ['start, ms', 'p50', 'p90', 'max'],
          ['engine.create + start', ...cells(starts.engine)],
          ['newContainer + newTask + start', ...cells(starts.seam)],
        ]),
        `An engine's start takes ${ratio.toFixed(2)} x that of the seam.`,
        `Loud: ${loud.mbPerSecond.toFixed(0)} MB/s of output into logs, list and inspect of all p95 ${loud.list.p95.toFixed(2)} ms, ` +
          `event loop p50 ${loud.stallP50Ms.toFixed(1)} ms, p99 ${loud.stallP99Ms.toFixed(1)} ms.`,
      ],
      budgets,
      figures: { starts, idle, loud },
    };
  } finally {
    await host.stop();
  }
}

function cells({ p50, p90, max }: { p50: number; p90: number; max: number }): string[] {
  return [p50, p90, max].map((ms) => ms.toFixed(1));
}

async function startTimes(host: EngineHost) {
  const engine: number[] = [];
  const seam: number[] = [];
  for (let i = 0; i < STARTS + 2; i++) {
    const samples = i < 2 ? [[], []] : [engine, seam];
    await delay(BETWEEN_MS);
    let container: EngineContainer | undefined;
    await timed(samples[0] ?? [], async () => {
      container = await host.running(SLEEP);
    });
    await container?.remove({ force: true });
    await delay(BETWEEN_MS);
    const args = ['/bin/sleep', '1000'];
    const started = await timed(samples[1] ?? [], () =>
      run(host.engine.client, `seam-${i}`, {
        rootfs: host.rootfs,
        args,
        attach: ({ stdout }) => void stdout?.resume(),
      }),
    );
    await started.task.forceDelete();
    await started.container.delete();
  }
  return { engine: summarize(engine), seam: summarize(seam) };
}

async function idleFleet(host: EngineHost, fleet: number) {
  await inParallel(fleet, 10, async () => {
    await host.running(SLEEP);
  });
  await delay(BETWEEN_MS);
  const before = process.cpuUsage();
  await delay(WATCH_MS);
  const { user, system } = process.cpuUsage(before);
  const list: number[] = [];
  for (let i = 0; i < 50; i++) await timed(list, async () => host.engine.list().map((c) => c.inspect()));
  const reopened: number[] = [];
  await host.engine.close();
  await timed(reopened, () => host.open());
  await inParallel(fleet, 10, async (index) => {
    await host.engine.list()[index]?.stop({ timeoutSeconds: 0 });
  });
  await host.removeAll();
  return {
    cpuPercent: (user + system) / 10 / WATCH_MS,
    list: summarize(list),
    reopenMs: reopened[0] ?? Number.NaN,
  };
}

async function loudContainers(host: EngineHost) {
  const LogConfig = { Type: 'json-file', Config: { 'max-size': '20m', 'max-file': '2' } };
  const containers = await Promise.all(
    Array.from({ length: CHATTY }, () =>
      host.running(sh('yes 0123456789012345678901234567890123456789'), { LogConfig }),
    ),
  );
  const attached = containers.map((c) => c.attach({ stdout: true }));
  let bytes = 0;
  for (const { stdout } of attached) stdout?.on('data', (chunk: Buffer) => (bytes += chunk.length));
  const stalls = monitorEventLoopDelay({ resolution: 1 });
  stalls.enable();
  const list: number[] = [];
  const endAt = performance.now() + WATCH_MS;
  while (performance.now() < endAt) {
    await timed(list, async () => host.engine.list().map((c) => c.inspect()));
    await delay(10);
  }
  stalls.disable();
  const mbPerSecond = bytes / 1e6 / (WATCH_MS / 1000);
  await Promise.all(containers.map((c) => c.remove({ force: true })));
  const ms = (percentile: number) => stalls.percentile(percentile) / 1e6;
  return { mbPerSecond, list: summarize(list), stallP50Ms: ms(50), stallP99Ms: ms(99) };
}
