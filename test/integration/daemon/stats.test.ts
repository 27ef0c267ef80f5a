import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { ContainerStats, EngineContainer } from '../../../src/daemon-core/index.js';
import type { RemoteClient } from '../../../src/libcontainerd/remote/client.js';
import { ZERO_TIME } from '../../../src/stats/container-stats.js';
import { readNetworkCounters } from '../../../src/stats/network-counters.js';
import { freeze } from '../host/freeze.js';
import { missing } from '../host/requirements.js';
import { TestHost } from '../host/test-host.js';
import { until } from '../host/until.js';
import { EngineHost, SLEEP, sh } from './engine-host.js';

const skip = missing('containerd', 'containerd-shim-runc-v2', 'runc', 'busybox');
const BUSY = sh('while :; do :; done');
const ONCE = { stream: false, oneShot: true };
const CALL = { timeoutMs: 20_000 };

const isEmpty = (stats: ContainerStats) => stats.read === ZERO_TIME;

/** As many as asked for, or all until the end. */
async function take(
  stream: AsyncIterable<ContainerStats>,
  count = Number.POSITIVE_INFINITY,
): Promise<ContainerStats[]> {
  const samples: ContainerStats[] = [];
  for await (const stats of stream) {
    samples.push(stats);
    if (samples.length >= count) break;
  }
  return samples;
}

async function only(stream: AsyncIterable<ContainerStats>): Promise<ContainerStats> {
  const [stats, ...more] = await take(stream);
  assert.ok(stats !== undefined);
  assert.equal(more.length, 0);
  return stats;
}

/** The first sample that is as it says; the stream goes on. */
async function next(
  stream: AsyncIterator<ContainerStats>,
  isSo: (stats: ContainerStats) => boolean,
): Promise<ContainerStats> {
  for (;;) {
    const { done, value } = await stream.next();
    assert.notEqual(done, true, 'the stream goes on');
    if (isSo(value)) return value;
  }
}

function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

function statsCases(host: () => EngineHost): void {
  it('streams while it runs, is paused, stopped and started again, until it is removed', async () => {
    const c = await host().running(BUSY, {}, 'busy');
    const stream = c.stats({}, CALL)[Symbol.asyncIterator]();
    const first = await next(stream, () => true);
    assert.deepEqual([first.id, first.name, isEmpty(first), first.preread], [c.id, '/busy', false, ZERO_TIME]);
    const second = await next(stream, () => true);
    assert.equal(second.preread, first.read);
    assert.ok((second.cpu_stats.cpu_usage.total_usage ?? 0n) > (first.cpu_stats.cpu_usage.total_usage ?? 0n));
    assert.ok((second.cpu_stats.system_cpu_usage ?? 0n) > (first.cpu_stats.system_cpu_usage ?? 0n));
    await c.pause();
    await next(stream, (stats) => !isEmpty(stats));
    await c.unpause();
    await c.kill();
    await c.wait('not-running', CALL);
    await next(stream, isEmpty);
    await c.start();
    const again = await next(stream, (stats) => !isEmpty(stats));
    assert.equal(again.preread, ZERO_TIME);
    const rest = stream.next();
    await c.remove({ force: true });
    // A sample of before the removal may be on its way.
    while ((await stream.next()).done !== true);
    await rest;
  });

  it('gives one sample, compared with one before it, or at once', async () => {
    const c = await host().running(SLEEP, { Memory: 64 * 1024 * 1024 });
    const [compared, once] = await Promise.all([only(c.stats({ stream: false }, CALL)), only(c.stats(ONCE, CALL))]);
    assert.notEqual(compared.preread, ZERO_TIME);
    assert.deepEqual([isEmpty(once), once.preread], [false, ZERO_TIME]);
    for (const { memory_stats, pids_stats } of [compared, once]) {
      assert.equal(memory_stats.limit, 64n * 1024n * 1024n);
      assert.ok((memory_stats.usage ?? 0n) > 0n);
      assert.equal(pids_stats.current, 1n);
    }
    await c.pause();
    assert.equal(isEmpty(await only(c.stats(ONCE, CALL))), false);
    await c.kill();
    await c.wait('not-running', CALL);
    for (const options of [ONCE, { stream: false }]) assert.equal(isEmpty(await only(c.stats(options, CALL))), true);
    await c.remove();
  });

  it('shows the interfaces of its own network, or of that which it joined', {
    skip: missing('ip', 'nsenter'),
  }, async () => {
    const owner = await host().running(SLEEP, { NetworkMode: 'bridge' });
    const joined = await host().running(SLEEP, { NetworkMode: `container:${owner.id}` });
    const again = await host().running(SLEEP, { NetworkMode: `container:${joined.id}` });
    const others = await Promise.all(['none', 'host'].map((NetworkMode) => host().running(SLEEP, { NetworkMode })));
    const pid = owner.inspect().State.Pid;
    // Nobody answers; the question who has the address is a packet.
    const script = `
      ip link add eth0 type veth peer name peer0
      ip addr add 10.99.0.1/24 dev eth0
      ip link set peer0 up
      ip link set eth0 up
      echo x >/dev/udp/10.99.0.2/9`;
    execFileSync('nsenter', ['-t', String(pid), '-n', 'bash', '-ec', script], { timeout: 10_000 });
    const sent = async () => (await readNetworkCounters(pid))?.eth0?.tx_bytes ?? 0n;
    await until('a packet was sent', async () => (await sent()) > 0n);
    for (const c of [owner, joined, again]) {
      const least = await sent();
      const { networks = {} } = await only(c.stats(ONCE, CALL));
      assert.deepEqual(Object.keys(networks), ['eth0', 'peer0']);
      const bytes = networks.eth0?.tx_bytes ?? 0n;
      assert.ok(bytes >= least && bytes <= (await sent()), `${bytes} bytes`);
    }
    for (const c of others) assert.equal('networks' in (await only(c.stats(ONCE, CALL))), false);
    await owner.remove({ force: true });
    assert.equal('networks' in (await only(joined.stats(ONCE, CALL))), false, 'nobody knows whose network it was');
    await host().removeAll();
  });
}

describe('statistics of containers on the embedded core', { skip }, () => {
  let host: EngineHost;
  before(async () => {
    host = await EngineHost.start();
  });
  after(() => host.stop());

  statsCases(() => host);

  it('has samples of all others while one shim is frozen', async () => {
    const all = await Promise.all([1, 2, 3].map(() => host.running(SLEEP)));
    const [frozen, ...others] = all;
    assert.ok(frozen !== undefined);
    const shim = parentOf(frozen.inspect().State.Pid);
    await freeze(shim);
    try {
      const lost = take(frozen.stats({}, CALL), 2);
      const samples = await Promise.all(others.map((c) => take(c.stats({}, CALL), 2)));
      assert.deepEqual(samples.flat().map(isEmpty), [false, false, false, false]);
      assert.deepEqual((await lost).map(isEmpty), [true, true]);
    } finally {
      process.kill(shim, 'SIGCONT');
    }
    await host.removeAll();
  });
});

describe('statistics of containers over a containerd', { skip }, () => {
  let containerd: TestHost;
  let client: RemoteClient;
  let host: EngineHost;
  before(async () => {
    containerd = await TestHost.start();
    client = await containerd.client({ namespace: 'docker' });
    host = await EngineHost.start({ backend: client });
  });
  after(async () => {
    try {
      await host.stop();
    } finally {
      await containerd.stop();
    }
  });

  const asked = () => client.rpcCounts().get('Tasks/Metrics') ?? 0;

  statsCases(() => host);

  it('asks once a tick for three containers with two who listen to each, and gives these the same object', async () => {
    const all = await Promise.all([1, 2, 3].map(() => host.running(SLEEP)));
    const calls = client.rpcCounts();
    const listen = (c: EngineContainer) => Promise.all([take(c.stats({}, CALL), 3), take(c.stats({}, CALL), 3)]);
    for (const [one, other] of await Promise.all(all.map(listen))) {
      assert.deepEqual(one.map(isEmpty), [false, false, false]);
      for (const [index, stats] of one.entries()) assert.equal(stats, other[index]);
    }
    const made = [...client.rpcCounts()].map(([method, count]) => [method, count - (calls.get(method) ?? 0)] as const);
    assert.deepEqual(
      made.filter(([, count]) => count > 0),
      [['Tasks/Metrics', 3]],
    );
    await host.removeAll();
  });

  it('asks no more when all who listened have gone, however they went', async () => {
    const c = await host.running(SLEEP);
    const controller = new AbortController();
    const [returned, aborted] = [c.stats(), c.stats({}, { signal: controller.signal })].map((stats) =>
      stats[Symbol.asyncIterator](),
    );
    assert.ok(returned !== undefined && aborted !== undefined);
    await Promise.all([returned.next(), aborted.next(), take(c.stats(), 1), take(c.stats({ stream: false }, CALL))]);
    // Those of the second round, which the last of them has waited for.
    await Promise.all([returned.next(), aborted.next()]);
    const pending = [returned.next(), aborted.next()];
    controller.abort();
    await returned.return?.();
    assert.deepEqual(
      (await Promise.allSettled(pending)).map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    const calls = asked();
    const clock = await host.running(sh('sleep 2'));
    await clock.wait('not-running', CALL);
    assert.ok(asked() - calls <= 1, 'but once for the OOM kills of the one that ended');
    await host.removeAll();
  });
});
