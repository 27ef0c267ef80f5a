import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import type { LocalClient } from '../../../src/libcontainerd/local/linux/client.js';
import { Capture } from '../../../src/libcontainerd/testsuite/capture.js';
import { scaledMs } from '../../../src/libcontainerd/testsuite/deadline.js';
import type { Task } from '../../../src/libcontainerd/types.js';
import { cgroup1Folders } from '../../../src/platform/cgroup1-folders.js';
import type { ContainerStats } from '../../../src/stats/container-stats.js';
import { statsOf } from '../../../src/stats/container-stats-of.js';
import { hostMemoryBytes, parseHostCpu, readHostCpu } from '../../../src/stats/host-cpu.js';
import { statsJson } from '../../../src/stats/stats-json.js';
import { LocalHost } from '../host/local-host.js';
import { missing } from '../host/requirements.js';
import { discard, type Running, type RunOptions, run, sh } from '../host/run-container.js';
import { until } from '../host/until.js';
import { blockIo, cpuPercent, memoryPercent, memoryUsed, type StatsReply } from '../shared/docker-stats-arithmetic.js';

const MIB = 1024 * 1024;
const noV1 = !existsSync('/sys/fs/cgroup/memory/memory.stat') && 'needs cgroup v1';
const skip = missing('containerd-shim-runc-v2', 'runc', 'busybox') || noV1;

describe('the arithmetic of docker stats on our JSON, cgroup v1', { skip, concurrency: false }, () => {
  let host: LocalHost;
  let client: LocalClient;
  let running: Running | undefined;
  before(async () => {
    host = await LocalHost.start();
    client = await host.client();
  });
  afterEach(async () => {
    if (running !== undefined) await discard(running);
    running = undefined;
  });
  after(() => host.stop());

  async function start(name: string, script: string, limits: Partial<RunOptions> = {}): Promise<Subject> {
    const capture = new Capture();
    const options = { rootfs: host.rootfs, args: sh(script), attach: capture.attach, ...limits };
    running = await run(client, name, options);
    await capture.shows('ready');
    const { task } = running;
    const folders = await cgroup1Folders(task.pid);
    return new Subject(task, (controller, file) => {
      const folder = folders?.get(controller);
      assert.ok(folder !== undefined, controller);
      return readFileSync(join(folder, file), 'utf8');
    });
  }

  it('gives the memory in use that the kernel tells, without the cache', async () => {
    const script = `dd if=/dev/zero of=/tmp/cached bs=1M count=8 status=none; echo ready; sleep 1000`;
    const subject = await start('memory', script, { resources: { memory: { limit: 64 * MIB } } });
    const used = () => {
      const usage = Number(subject.kernel('memory', 'memory.usage_in_bytes'));
      return usage - Number(/^total_inactive_file (\d+)$/m.exec(subject.kernel('memory', 'memory.stat'))?.[1]);
    };
    let sample = await subject.sample();
    let told = Number.NaN;
    await until('the kernel told the same before and after a sample', async () => {
      told = used();
      sample = await subject.sample();
      return told === used();
    });
    assert.equal(memoryUsed(sample.reply), told);
    assert.ok((sample.reply.memory_stats.usage ?? 0) - told >= 8 * MIB, 'the cache is not in use');
    assert.equal(memoryPercent(sample.reply), (told / (64 * MIB)) * 100);
    assert.equal(sample.stats.memory_stats.max_usage, BigInt(subject.kernel('memory', 'memory.max_usage_in_bytes')));
  });

  it('counts the processes', async () => {
    const script = 'sleep 1000 & sleep 1000 & echo ready; wait';
    const subject = await start('pids', script, { resources: { pids: { limit: 20 } } });
    const { stats, reply } = await subject.sample();
    assert.equal(reply.pids_stats.current, 3);
    assert.equal(Number(subject.kernel('pids', 'pids.current')), 3);
    assert.equal(stats.pids_stats.limit, 20n);
  });

  it('sums the block I/O that the kernel counted', {
    skip: diskOf('/tmp') === undefined && 'needs a disk',
  }, async () => {
    // Recent kernels count on a disk only once some cgroup has had a limit for it (seen on 6.18).
    const throttleWriteBpsDevice = [{ ...diskOf('/tmp'), rate: 1_000 * MIB }];
    const direct =
      'dd if=/dev/zero of=/tmp/file bs=1M count=4 oflag=direct; dd if=/tmp/file of=/dev/null bs=1M iflag=direct';
    const subject = await start('io', `${direct}; echo ready; sleep 1000`, {
      resources: { blockIO: { throttleWriteBpsDevice } },
    });
    const { stats, reply } = await subject.sample();
    const told = subject.kernel('blkio', 'blkio.throttle.io_service_bytes');
    const of = (op: string) =>
      [...told.matchAll(new RegExp(`^\\d+:\\d+ ${op} (\\d+)$`, 'gm'))].reduce(
        (sum, [, bytes]) => sum + Number(bytes),
        0,
      );
    assert.deepEqual(blockIo(reply), { read: of('Read'), written: of('Write') });
    assert.ok(of('Write') >= 4 * MIB && of('Read') >= 4 * MIB, told);
    assert.ok(stats.blkio_stats.io_serviced_recursive?.some(({ op, value }) => op === 'Write' && value >= 4n));
  });

  it('gives 50 % for a busy loop that may use half of a CPU', { timeout: scaledMs(60_000) }, async () => {
    // At the top of the tree, and before all others: it gets its quota on a busy host, too.
    const cgroupsPath = `/libcontainerd-test-cpu-${process.pid}`;
    const cpu = { quota: 10_000, period: 20_000, shares: 262_144 };
    const subject = await start('cpu', 'echo ready; while :; do :; done', { cgroupsPath, resources: { cpu } });
    let window: BusyWindow | undefined;
    await until(
      'a window in which the quota was used up, nobody stole the CPU, and each sample was read in one go',
      async () => {
        window = await busyWindow(subject);
        return window.isUsedUp && !window.isStolen && window.most - window.least < 2;
      },
      scaledMs(40_000),
    );
    assert.ok(window !== undefined);
    const { percent, least, most } = window;
    assert.ok(percent >= least && percent <= most, `${percent} is not from ${least} to ${most}`);
    assert.ok(percent > 46 && percent < 54, `${percent} %`);
  });
});

/** What the kernel tells itself. */
interface Told {
  readonly usedNs: number;
  readonly hostNs: number;
  readonly stolenNs: number;
}

interface Sample {
  readonly stats: ContainerStats;
  /** The JSON as a client reads it. */
  readonly reply: StatsReply;
  readonly before: Told;
  readonly after: Told;
}

class Subject {
  constructor(
    readonly task: Task,
    /** A file of the container's cgroup. */
    readonly kernel: (controller: string, file: string) => string,
  ) {}

  async sample(previous?: ContainerStats): Promise<Sample> {
    const before = this.#told();
    const metrics = await this.task.stats();
    const hostCpu = await readHostCpu();
    const after = this.#told();
    const host = { hostCpu, hostMemoryBytes: hostMemoryBytes() };
    const stats = statsOf({ id: 'abc', name: '/web', metrics, ...host, networks: undefined, previous });
    const reply: StatsReply = JSON.parse(statsJson(stats));
    return { stats, reply, before, after };
  }

  #told(): Told {
    const text = readFileSync('/proc/stat', 'utf8');
    const stolenTicks = Number(text.trim().split(/\s+/)[8]);
    return {
      usedNs: Number(this.kernel('cpuacct', 'cpuacct.usage')),
      hostNs: Number(parseHostCpu(text).usageNs),
      stolenNs: stolenTicks * 10_000_000,
    };
  }
}

interface BusyWindow {
  /** As the CLI has it. */
  readonly percent: number;
  /** What it can be at all, by what the kernel told right before and right after each of the two samples. */
  readonly least: number;
  readonly most: number;
  readonly isUsedUp: boolean;
  readonly isStolen: boolean;
}

/** Two samples, with 100 periods of the quota, two seconds, between them. */
async function busyWindow(subject: Subject): Promise<BusyWindow> {
  const first = await subject.sample();
  const end = periods(first) + 100;
  await until('100 periods have passed', () => periodsTold(subject) >= end, scaledMs(20_000));
  const second = await subject.sample(first.stats);
  const ofOneCpu = 100 * (second.reply.cpu_stats.online_cpus ?? 0);
  const used = { least: second.before.usedNs - first.after.usedNs, most: second.after.usedNs - first.before.usedNs };
  const host = { least: second.before.hostNs - first.after.hostNs, most: second.after.hostNs - first.before.hostNs };
  const throttled = throttledPeriods(second) - throttledPeriods(first);
  return {
    percent: cpuPercent(second.reply),
    least: (used.least / host.most) * ofOneCpu,
    most: (used.most / host.least) * ofOneCpu,
    isUsedUp: throttled >= 0.95 * (periods(second) - periods(first)),
    isStolen: second.after.stolenNs - first.before.stolenNs > 0.02 * host.most,
  };
}

function periods({ stats }: Sample): number {
  return Number(stats.cpu_stats.throttling_data?.periods);
}

function throttledPeriods({ stats }: Sample): number {
  return Number(stats.cpu_stats.throttling_data?.throttled_periods);
}

function periodsTold({ kernel }: Subject): number {
  return Number(/^nr_periods (\d+)$/m.exec(kernel('cpu', 'cpu.stat'))?.[1]);
}

/** The disk that a file system lies on, as limits take it; `undefined` when it has none, or lies on a part of one. */
function diskOf(path: string): { readonly major: number; readonly minor: number } | undefined {
  const { dev } = statSync(path);
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  const device = `/sys/dev/block/${major}:${minor}`;
  return existsSync(device) && !existsSync(join(device, 'partition')) ? { major, minor } : undefined;
}
