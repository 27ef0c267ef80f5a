import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { it } from 'node:test';
import type { ContainerStats, EngineContainer } from '../../../src/daemon-core/index.js';
import { scaledMs } from '../../../src/libcontainerd/testsuite/deadline.js';
import { hostMemoryBytes, parseHostCpu } from '../../../src/stats/host-cpu.js';
import { statsJson } from '../../../src/stats/stats-json.js';
import { type EngineHost, logOf, sh } from '../../integration/daemon/engine-host.js';
import { until } from '../../integration/host/until.js';
import {
  blockIo,
  cpuPercent,
  memoryPercent,
  memoryUsed,
  type StatsReply,
} from '../../integration/shared/docker-stats-arithmetic.js';

const MIB = 1024 * 1024;
const MEMORY_LIMIT = 16 * MIB;
const CACHED_MIB = 24;
const UNSUPPORTED = [
  'blkio_stats.io_merged_recursive',
  'blkio_stats.io_queue_recursive',
  'blkio_stats.io_service_time_recursive',
  'blkio_stats.io_serviced_recursive',
  'blkio_stats.io_time_recursive',
  'blkio_stats.io_wait_time_recursive',
  'blkio_stats.sectors_recursive',
  'cpu_stats.cpu_usage.percpu_usage',
  'memory_stats.failcnt',
  'memory_stats.max_usage',
];
/** Writes to the disk, by way of the page cache more than the limit holds, and runs two processes more. */
const LOAD = `
  dd if=/dev/zero of=/direct bs=64k count=64 oflag=direct; dd if=/direct of=/dev/null bs=64k count=32 iflag=direct
  dd if=/dev/zero of=/cached bs=1M count=${CACHED_MIB} conv=fsync
  sleep 1000 & sleep 1000 & echo ready; wait`;
const BUSY_WINDOW_PERIODS = 20;

async function sample(c: EngineContainer): Promise<ContainerStats> {
  for await (const stats of c.stats({ stream: false, oneShot: true }, { timeoutMs: scaledMs(10_000) })) return stats;
  throw new Error('there is no sample');
}

function replyOf(stats: ContainerStats): StatsReply {
  return JSON.parse(statsJson(stats));
}

/** The kernel's files of a container's cgroup. */
class Cgroup {
  readonly #folder: string;

  constructor({ id }: EngineContainer) {
    this.#folder = `/sys/fs/cgroup/libcontainerd-test/${id}`;
  }

  get files(): string[] {
    return readdirSync(this.#folder);
  }

  text(file: string): string {
    return readFileSync(`${this.#folder}/${file}`, 'utf8').trim();
  }

  /** Lines `name value`. */
  counters(file: string): Map<string, bigint> {
    const lines = this.text(file).split('\n');
    return new Map(lines.map((line) => line.split(' ')).map(([name = '', value = '']) => [name, BigInt(value)]));
  }

  counter(file: string, name: string): bigint {
    const value = this.counters(file).get(name);
    assert.ok(value !== undefined, `${file} has no ${name}`);
    return value;
  }

  /** By device `major:minor`, the counters of each. */
  get io(): Map<string, Map<string, bigint>> {
    const devices = this.text('io.stat').split('\n');
    return new Map(
      devices.map((line) => {
        const [device = '', ...pairs] = line.split(' ');
        const counters = pairs.map((pair) => pair.split('='));
        return [device, new Map(counters.map(([name = '', value = '']) => [name, BigInt(value)]))];
      }),
    );
  }

  /** What could move between two looks. */
  get state(): string {
    return ['memory.current', 'memory.stat', 'cpu.stat', 'io.stat', 'pids.current']
      .map((file) => this.text(file))
      .join();
  }
}

/** The statistics of an engine against the kernel's files on cgroup v2. */
export function cgroup2StatsCases(host: () => EngineHost): void {
  it('says what the kernel says, and names what it cannot say', async () => {
    const c = await host().running(sh(LOAD), {
      Memory: MEMORY_LIMIT,
      MemorySwap: MEMORY_LIMIT,
      PidsLimit: 30,
      CpuPeriod: 20_000,
      CpuQuota: 10_000,
    });
    await until('the load has ended', async () => (await logOf(c, 'stdout')) === 'ready\n', scaledMs(10_000));
    await c.pause();
    const kernel = new Cgroup(c);
    let stats = await sample(c);
    // The kernel adds up what its CPUs counted now and then.
    await until(
      'nothing moves',
      async () => {
        const { state } = kernel;
        stats = await sample(c);
        return state === kernel.state;
      },
      scaledMs(5_000),
    );

    assert.deepEqual(stats.unsupported_fields, UNSUPPORTED);
    // Of each CPU, of the queues of a device, or of hits of the limit in the sense of v1 the kernel has nothing.
    const { files } = kernel;
    assert.deepEqual(
      files.filter((file) => /percpu|cpuacct|blkio|failcnt|max_usage/.test(file)),
      [],
    );
    assert.deepEqual(
      [...kernel.counters('cpu.stat').keys()].filter((name) => /\d/.test(name)),
      [],
    );
    const ioNames = new Set([...kernel.io.values()].flatMap((counters) => [...counters.keys()]));
    assert.deepEqual([...ioNames].sort(), ['dbytes', 'dios', 'rbytes', 'rios', 'wbytes', 'wios']);
    // These it has (rios and wios above), and Docker does not report them; or it means something else by them.
    assert.ok(files.includes('memory.peak'));
    assert.ok(kernel.counter('memory.events', 'max') > 0n);
    assert.deepEqual([stats.memory_stats.failcnt, stats.memory_stats.max_usage], [undefined, undefined]);
    assert.ok(!/percpu|failcnt|max_usage|serviced|null|NaN/.test(statsJson({ ...stats, unsupported_fields: [] })));

    const cpu = kernel.counters('cpu.stat');
    const usec = (name: string) => (cpu.get(name) ?? -1n) * 1_000n;
    assert.deepEqual(stats.cpu_stats.cpu_usage, {
      total_usage: usec('usage_usec'),
      usage_in_kernelmode: usec('system_usec'),
      usage_in_usermode: usec('user_usec'),
    });
    assert.deepEqual(stats.cpu_stats.throttling_data, {
      periods: cpu.get('nr_periods'),
      throttled_periods: cpu.get('nr_throttled'),
      throttled_time: usec('throttled_usec'),
    });

    assert.equal(stats.memory_stats.usage, BigInt(kernel.text('memory.current')));
    assert.equal(stats.memory_stats.limit, BigInt(kernel.text('memory.max')));
    assert.equal(stats.memory_stats.limit, BigInt(MEMORY_LIMIT));
    const memory = kernel.counters('memory.stat');
    const split = (name: string) => (memory.get(`${name}_anon`) ?? -1n) + (memory.get(`${name}_file`) ?? -1n);
    for (const [name, value] of Object.entries(stats.memory_stats.stats ?? {})) {
      const told = memory.get(name);
      if (told !== undefined) assert.equal(value, told, name);
      // The kernel has these by kind of page only, and the shims of containerd 1.7 send 0 for the parts.
      else assert.ok(value === 0n || value === split(name), name);
    }
    const keys = Object.keys(stats.memory_stats.stats ?? {});
    assert.equal(keys.length, 31);
    assert.deepEqual(
      keys.filter((name) => !memory.has(name)),
      ['workingset_activate', 'workingset_refault'],
    );

    assert.deepEqual(stats.pids_stats, { current: BigInt(kernel.text('pids.current')), limit: 30n });
    assert.equal(stats.pids_stats.current, 3n);

    const entries = stats.blkio_stats.io_service_bytes_recursive ?? [];
    const told = [...kernel.io].flatMap(([device, counters]) => [
      `${device} read ${counters.get('rbytes') ?? 0n}`,
      `${device} write ${counters.get('wbytes') ?? 0n}`,
    ]);
    assert.deepEqual(
      entries.map(({ major, minor, op, value }) => `${major}:${minor} ${op} ${value}`).sort(),
      told.sort(),
    );

    // What `docker stats` shows of it.
    const reply = replyOf(stats);
    const cached = kernel.counter('memory.stat', 'inactive_file');
    assert.ok(cached >= BigInt(8 * MIB), `${cached}`);
    const used = Number(BigInt(kernel.text('memory.current')) - cached);
    assert.equal(memoryUsed(reply), used);
    assert.equal(memoryPercent(reply), (used / MEMORY_LIMIT) * 100);
    const sum = (name: string) =>
      Number([...kernel.io.values()].reduce((total, counters) => total + (counters.get(name) ?? 0n), 0n));
    assert.deepEqual(blockIo(reply), { read: sum('rbytes'), written: sum('wbytes') });
    assert.ok(sum('wbytes') >= (4 + CACHED_MIB) * MIB && sum('rbytes') >= 2 * MIB, kernel.text('io.stat'));
    await c.remove({ force: true });
  });

  it('gives the limits of the host where there are none, and docker stats the share of the CPU that the kernel counts', async () => {
    const c = await host().running(sh('while :; do :; done'), { CpuPeriod: 20_000, CpuQuota: 10_000 });
    const kernel = new Cgroup(c);
    assert.deepEqual([kernel.text('memory.max'), kernel.text('pids.max')], ['max', 'max']);
    const told = () => ({
      usedNs: Number(kernel.counter('cpu.stat', 'usage_usec')) * 1_000,
      hostNs: Number(parseHostCpu(readFileSync('/proc/stat', 'utf8')).usageNs),
    });
    const look = async () => {
      const before = told();
      const stats = await sample(c);
      return { before, stats, after: told() };
    };
    const first = await look();
    assert.equal(first.stats.memory_stats.limit, hostMemoryBytes());
    assert.match(statsJson(first.stats), /"pids_stats":\{"current":1,"limit":18446744073709551615\}/);
    const end = kernel.counter('cpu.stat', 'nr_periods') + BigInt(BUSY_WINDOW_PERIODS);
    const passed = () => kernel.counter('cpu.stat', 'nr_periods') >= end;
    await until('periods have passed', passed, scaledMs(10_000));
    const second = await look();
    const reply = replyOf({ ...second.stats, precpu_stats: first.stats.cpu_stats });
    const percent = cpuPercent(reply);
    const ofOneCpu = 100 * (reply.cpu_stats.online_cpus ?? 0);
    const least = (second.before.usedNs - first.after.usedNs) / (second.after.hostNs - first.before.hostNs);
    const most = (second.after.usedNs - first.before.usedNs) / (second.before.hostNs - first.after.hostNs);
    assert.ok(least > 0 && percent >= least * ofOneCpu && percent <= most * ofOneCpu, `${[least, most]}: ${percent}`);
    await c.remove({ force: true });
  });
}
