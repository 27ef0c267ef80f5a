import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ManagedContainerdOptions } from '../../../src/libcontainerd/remote/managed/index.js';
import { scaledMs } from '../../../src/libcontainerd/testsuite/deadline.js';
import type { Client } from '../../../src/libcontainerd/types.js';
import { createLogger } from '../../../src/log/logger.js';
import { ContainerCollector } from '../../../src/metrics/container-collector.js';
import { Exposition } from '../../../src/metrics/exposition.js';
import { LocalHost } from '../host/local-host.js';
import { discard, type Running, run, sh } from '../host/run-container.js';
import { TestHost } from '../host/test-host.js';
import { until } from '../host/until.js';
import { attachLoopDevice, type LoopDevice } from './loop-device.js';
import { type ParsedFamily, parseExposition } from './parse-exposition.js';

const MIB = 1024 * 1024;

/** Uses the CPU past its quota, holds memory, writes 4 MiB to the disk and reads them, forks; then nothing moves any more. */
const load = (spins: number) => `
  i=0; while [ $i -lt ${spins} ]; do i=$((i+1)); done
  dd if=/dev/zero of=/disk bs=64k count=64 oflag=direct 2>/dev/null
  dd if=/disk of=/dev/null bs=64k count=64 iflag=direct 2>/dev/null
  x=0123456789abcdef; while [ \${#x} -lt 2000000 ]; do x=$x$x; done
  echo done; sleep 1000 & wait`;

/** Its child eats memory until the kernel ends it; the init stays. */
const OOM = 'sh -c "x=x; while :; do x=\\$x\\$x; done"; echo done; sleep 1000';

export interface FamiliesCase {
  readonly name: string;
  readonly containerd?: Partial<ManagedContainerdOptions>;
  readonly runtimes: readonly string[];
  /** Families that the load must have moved: else it proves nothing that values are equal. */
  readonly moved: readonly string[];
  /** How often a loop of the shell goes round: 15 000 take a real CPU more than its quota. @default 15000 */
  readonly spins?: number;
  /** Also for containers of the embedded core. @default false */
  readonly isEmbeddedToo?: boolean;
}

/** Compares our families with those that a containerd of the test's own shows of the same containers. */
export function familiesCases(options: FamiliesCase): void {
  const { name, containerd, runtimes, moved, spins = 15_000, isEmbeddedToo = false } = options;
  const hasShimV1 = runtimes.some(isShimV1);
  describe(name, () => {
    let host: TestHost;
    let url: string;
    let disk: LoopDevice | undefined;
    const clients: Client[] = [];
    const all: Running[] = [];

    before(async () => {
      const metricsAddress = `127.0.0.1:${await freePort()}`;
      url = `http://${metricsAddress}/v1/metrics`;
      host = await TestHost.start({ ...containerd, metricsAddress });
      disk = attachLoopDevice(host.folder);
      disk.makeNode(join(host.rootfs, 'disk'));
      for (const runtime of runtimes) {
        const client = await host.client({ runtime, namespace: `test-${clients.length}` });
        clients.push(client);
        const begun = [underLoad(client, host.rootfs, disk, spins), idle(client, host.rootfs)];
        if (isShimV1(runtime)) begun.push(oomKilled(client, host.rootfs));
        all.push(...(await Promise.all(begun)));
      }
    });
    after(async () => {
      for (const running of all) await discard(running);
      disk?.detach();
      await host.stop();
    });

    it('shows the same families, series and values, both ways', async () => {
      const theirs = async () => containersOf(await (await fetch(url)).text());
      const ours = async () => merged(await Promise.all(clients.map(familiesOf)));
      let [expected, actual] = [await theirs(), await ours()];
      // The kernel counts in batches of a CPU and writes back late: values come to rest a moment after the load, and may
      // move once more.
      await until(
        'both to have the same values',
        async () => {
          [expected, actual] = [await theirs(), await ours()];
          return isEqual(expected, actual);
        },
        scaledMs(5_000),
      ).catch(() => {});
      assert.deepEqual(describeFamilies(actual), describeFamilies(expected));
      for (const [family, { series }] of expected) {
        assert.deepEqual(sorted(actual.get(family)?.series), sorted(series), family);
      }
      for (const family of moved)
        assert.ok(
          [...(expected.get(family)?.series.values() ?? [])].some((v) => v > 0),
          family,
        );
    });

    it('shows the same families of containers of the embedded core', { skip: !isEmbeddedToo }, async () => {
      const local = await LocalHost.start();
      try {
        disk?.makeNode(join(local.rootfs, 'disk'));
        const client = await local.client({ runtime: 'io.containerd.runc.v2' });
        const loaded = await underLoad(client, local.rootfs, disk, spins);
        const mine = describeFamilies(await familiesOf(client));
        await discard(loaded);
        const theirs = [...containersOf(await (await fetch(url)).text())];
        const same = hasShimV1 ? theirs.filter(([each]) => each !== OOM_FAMILY) : theirs;
        assert.deepEqual(mine, describeFamilies(new Map(same)));
      } finally {
        await local.stop();
      }
    });
  });
}

/** On cgroup v1 only shims of the first generation tell of it. */
const OOM_FAMILY = 'container_memory_oom_total';

function isShimV1(runtime: string): boolean {
  return runtime.includes('.v1.linux');
}

/** Resolves when the load has ended. */
async function underLoad(
  client: Client,
  rootfs: string,
  disk: LoopDevice | undefined,
  spins: number,
): Promise<Running> {
  if (disk === undefined) throw new Error('there is no disk');
  const { major, minor } = disk;
  // The kernel counts the IO of a device only when somebody throttles it.
  const throttle = [{ major, minor, rate: 1024 * MIB }];
  const resources = {
    memory: { limit: 64 * MIB, swap: 64 * MIB },
    pids: { limit: 50 },
    cpu: { quota: 20_000, period: 100_000 },
    blockIO: { throttleReadBpsDevice: throttle, throttleWriteBpsDevice: throttle },
  };
  return started(client, 'loaded', { rootfs, args: sh(load(spins)), resources });
}

async function idle(client: Client, rootfs: string): Promise<Running> {
  const running = await started(client, 'paused', { rootfs, args: sh('echo done; sleep 1000') });
  await running.task.pause();
  return running;
}

async function oomKilled(client: Client, rootfs: string): Promise<Running> {
  const memory = { limit: 16 * MIB, swap: 16 * MIB };
  return started(client, 'oom', { rootfs, args: sh(OOM), resources: { memory } });
}

async function started(client: Client, id: string, options: Parameters<typeof run>[2]): Promise<Running> {
  let output = '';
  const attach: Parameters<typeof run>[2]['attach'] = ({ stdout, stderr }) => {
    stderr?.resume();
    stdout?.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  };
  const running = await run(client, id, { ...options, attach });
  await until(`the load of ${id} to end`, () => output.includes('done'), scaledMs(30_000));
  return running;
}

async function familiesOf(client: Client): Promise<Map<string, ParsedFamily>> {
  const log = createLogger();
  const collector = new ContainerCollector(client, { log });
  try {
    return containersOf(await new Exposition({ containers: collector }, { log }).scrape());
  } finally {
    collector.close();
  }
}

function containersOf(text: string): Map<string, ParsedFamily> {
  return new Map([...parseExposition(text)].filter(([name]) => name.startsWith('container_')));
}

/** Of several namespaces, whose series are all different. */
function merged(all: readonly Map<string, ParsedFamily>[]): Map<string, ParsedFamily> {
  const sum = new Map<string, ParsedFamily>();
  for (const [name, family] of all.flatMap((each) => [...each])) {
    const { series = new Map<string, number>(), labelNames = [] } = sum.get(name) ?? {};
    const labels = [...new Set([...labelNames, ...family.labelNames])].sort();
    sum.set(name, { ...family, series: new Map([...series, ...family.series]), labelNames: labels });
  }
  return sum;
}

function describeFamilies(families: Map<string, ParsedFamily>): object[] {
  return [...families]
    .map(([name, { help, type, labelNames }]) => ({ name, help, type, labelNames }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function sorted(series: Map<string, number> | undefined): [string, number][] {
  return [...(series ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
}

function isEqual(a: Map<string, ParsedFamily>, b: Map<string, ParsedFamily>): boolean {
  return [...a].every(([name, { series }]) => {
    const other = b.get(name)?.series;
    return [...series].every(([labels, value]) => other?.get(labels) === value);
  });
}

/** containerd takes no port 0 that one could learn. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port'));
        else resolve(address.port);
      });
    });
  });
}
