import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LocalClient } from '../../../src/libcontainerd/local/linux/client.js';
import { scaledMs } from '../../../src/libcontainerd/testsuite/deadline.js';
import { createLogger } from '../../../src/log/logger.js';
import { ContainerCollector } from '../../../src/metrics/container-collector.js';
import { Exposition } from '../../../src/metrics/exposition.js';
import { MetricsServer } from '../../../src/metrics/metrics-server.js';
import { LocalHost } from '../host/local-host.js';
import { missing, scaled } from '../host/requirements.js';
import { discard, inParallel, type Running } from '../host/run-container.js';
import { victimSpec } from '../local/traces.js';
import { stallsDuring } from './event-loop-stalls.js';
import { parseExposition } from './parse-exposition.js';

const skip = missing('containerd-shim-runc-v2', 'runc', 'busybox');
const GROUP = 'io.containerd.runc.v2.group';
const GROUP_SIZE = 25;
const FAMILY = 'container_pids_current';
const log = createLogger();

/** In one shim for so many, which saves 10 MB for each of them. */
async function start(host: LocalHost, client: LocalClient, id: string, group?: string): Promise<Running> {
  const annotations = group === undefined ? {} : { [GROUP]: group };
  const container = await client.newContainer(id, {
    spec: victimSpec(host, { args: ['/bin/sleep', '1000'], annotations }),
  });
  const task = await container.newTask();
  await task.start();
  return { container, task };
}

function idsOf(text: string): Set<string> {
  const series = parseExposition(text).get(FAMILY)?.series.keys() ?? [];
  return new Set([...series].map((labels) => /container_id="([^"]*)"/.exec(labels)?.[1] ?? ''));
}

describe('a scrape of many containers', { skip }, () => {
  const count = scaled(500, 40);
  let host: LocalHost;
  let client: LocalClient;
  const all: Running[] = [];

  before(async () => {
    host = await LocalHost.start();
    client = await host.client();
    await inParallel(count, 4, async (index) => {
      all.push(await start(host, client, `many-${index}`, `group-${index % Math.ceil(count / GROUP_SIZE)}`));
    });
  });
  after(async () => {
    await inParallel(all.length, 4, async (index) => {
      const running = all[index];
      if (running !== undefined) await discard(running);
    });
    await host.stop();
  });

  it('takes less than a second, stalls nobody for 50 ms, and is shared by who asks meanwhile', async (t) => {
    const stats = t.mock.method(client, 'stats');
    const collector = new ContainerCollector(client, { log });
    const exposition = new Exposition({ containers: collector }, { log });
    const rounds: { tookMs: number; ownMs: number }[] = [];
    for (const round of [1, 2, 3, 4, 5]) {
      const startedAt = performance.now();
      const { result, ownMs, longestMs, monitoredMs } = await stallsDuring(() =>
        Promise.all([exposition.scrape(), exposition.scrape()]),
      );
      const tookMs = performance.now() - startedAt;
      t.diagnostic(
        `${count} containers, ${result[0].length} bytes: ${tookMs.toFixed()} ms, longest stall ${ownMs.toFixed(1)} ms (${longestMs.toFixed(1)} ms with what others had of the CPU), monitored ${monitoredMs.toFixed(1)} ms`,
      );
      assert.equal(stats.mock.callCount(), round);
      assert.equal(result[0], result[1]);
      assert.equal(idsOf(result[0]).size, count);
      rounds.push({ tookMs, ownMs });
    }
    collector.close();
    // One round of five has to be free of what else the machine does; the first one is also that of the compiler.
    assert.ok(least(rounds.map((each) => each.tookMs)) < scaledMs(1_000));
    const stalls = rounds.map((each) => each.ownMs).sort((a, b) => a - b);
    assert.ok((stalls[2] ?? 0) < 50, `stalls of ${stalls} ms`);
  });
});

function least(numbers: readonly number[]): number {
  return Math.min(...numbers);
}

describe('scrapes while containers are killed', { skip }, () => {
  const KILLED_LEAST = scaled(60, 12);
  let host: LocalHost;
  let client: LocalClient;
  let server: MetricsServer;
  const bystanders: Running[] = [];

  before(async () => {
    host = await LocalHost.start();
    client = await host.client();
    for (const id of ['bystander-0', 'bystander-1']) bystanders.push(await start(host, client, id));
    const collector = new ContainerCollector(client, { log });
    const exposition = new Exposition({ containers: collector }, { log });
    server = await MetricsServer.listen({ address: '127.0.0.1:0', exposition, log });
  });
  after(async () => {
    await server.close();
    for (const running of bystanders) await discard(running);
    await host.stop();
  });

  it('answer 200 each, lose nobody else, and show no container that was removed before', async (t) => {
    const removed = new Set<string>();
    const over = new AbortController();
    const killOneByOne = async (worker: number) => {
      for (let run = 0; !over.signal.aborted; run++) {
        const running = await start(host, client, `victim-${worker}-${run}`);
        process.kill(running.task.pid, 'SIGKILL');
        await running.task.wait({ timeoutMs: 30_000 });
        await running.task.delete();
        await running.container.delete();
        removed.add(running.container.id);
      }
    };
    const killing = Promise.all([killOneByOne(0), killOneByOne(1)]);
    let scrapes = 0;
    let withVictims = 0;
    try {
      for (; scrapes < 100 || (removed.size < KILLED_LEAST && scrapes < 10_000); scrapes++) {
        const gone = [...removed];
        const response = await fetch(`http://${server.address}/metrics`);
        const text = await response.text();
        assert.equal(response.status, 200);
        const shown = idsOf(text);
        assert.deepEqual(
          gone.filter((id) => shown.has(id)),
          [],
        );
        assert.deepEqual([...shown].filter((id) => id.startsWith('bystander')).sort(), ['bystander-0', 'bystander-1']);
        if (shown.size > bystanders.length) withVictims += 1;
      }
    } finally {
      over.abort();
      await killing;
    }
    t.diagnostic(`${scrapes} scrapes, ${withVictims} of them with victims; ${removed.size} containers killed`);
    assert.ok(withVictims > 0, 'victims are shown while they live');
  });
});
