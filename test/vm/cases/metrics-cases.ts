import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Capture } from '../../../src/libcontainerd/testsuite/capture.js';
import { scaledMs, within } from '../../../src/libcontainerd/testsuite/deadline.js';
import type { Task } from '../../../src/libcontainerd/types.js';
import type { Cgroup2Metrics } from '../../../src/stats/cgroup2-metrics.js';
import { discard, run, sh } from '../../integration/host/run-container.js';
import { until } from '../../integration/host/until.js';
import type { Backend } from './backend.js';

const MIB = 1024 * 1024;
const WRITTEN_MIB = 8;
const NO_LIMIT = 2n ** 64n - 1n;
const WORK = `dd if=/dev/zero of=/tmp/file bs=1M count=${WRITTEN_MIB} conv=fsync && echo written; while :; do :; done`;

/** `Task.stats` on a pure cgroup v2 host: each controller, with and without limits. */
export function metricsCases(name: string, start: () => Promise<Backend>): void {
  describe(`${name}: metrics of cgroup v2`, { concurrency: false, timeout: scaledMs(60_000) }, () => {
    let backend: Backend;
    before(async () => {
      backend = await start();
    });
    after(() => backend.stop());

    it('samples CPU, memory, processes and block I/O of a container with limits', async () => {
      const capture = new Capture();
      const running = await run(backend.client, 'limited', {
        rootfs: backend.rootfs,
        args: sh(WORK),
        attach: capture.attach,
        resources: {
          memory: { limit: 64 * MIB, swap: 64 * MIB },
          pids: { limit: 30 },
          cpu: { quota: 20_000, period: 100_000 },
        },
      });
      await capture.shows('written');
      await until(
        'throttled',
        async () => ((await sample(running.task)).cpu?.nrThrottled ?? 0n) > 0n,
        scaledMs(10_000),
      );
      const { cpu, memory, pids, io } = await sample(running.task);

      assert.ok(cpu !== undefined);
      assert.ok(cpu.usageUsec > 0n && cpu.throttledUsec > 0n, `${cpu.usageUsec} ${cpu.throttledUsec}`);
      assert.ok(cpu.nrPeriods >= cpu.nrThrottled);
      const sum = cpu.userUsec + cpu.systemUsec;
      assert.ok(abs(cpu.usageUsec - sum) <= 1n, `${cpu.usageUsec} is not ${sum}`);

      assert.ok(memory !== undefined);
      assert.equal(memory.usageLimit, BigInt(64 * MIB));
      assert.equal(memory.swapLimit, 0n);
      assert.ok(memory.usage > 0n && memory.usage <= memory.usageLimit, String(memory.usage));
      assert.ok(memory.file >= BigInt(WRITTEN_MIB * MIB), String(memory.file));

      assert.deepEqual(pids, { current: 1n, limit: 30n });

      const written = (io?.usage ?? []).map(({ wbytes }) => wbytes);
      assert.ok(
        written.some((bytes) => bytes >= BigInt(WRITTEN_MIB * MIB) && bytes < BigInt(2 * WRITTEN_MIB * MIB)),
        `bytes written by device: ${written}`,
      );
      await discard(running);
    });

    it('says 2^64 - 1 where there is no limit, and follows an update', async () => {
      const capture = new Capture();
      const running = await run(backend.client, 'unlimited', {
        rootfs: backend.rootfs,
        args: sh('echo ready; while :; do sleep 60 & wait $!; done'),
        attach: capture.attach,
      });
      await capture.shows('ready');
      const before = await sample(running.task);
      assert.equal(before.memory?.usageLimit, NO_LIMIT);
      assert.equal(before.memory?.swapLimit, NO_LIMIT);
      assert.equal(before.pids?.limit, NO_LIMIT);
      assert.equal(before.cpu?.nrPeriods, 0n);

      await running.task.updateResources({ memory: { limit: 32 * MIB, swap: 48 * MIB }, pids: { limit: 40 } });
      const after = await sample(running.task);
      assert.equal(after.memory?.usageLimit, BigInt(32 * MIB));
      // Swap alone on v2; the specification's number includes memory.
      assert.equal(after.memory?.swapLimit, BigInt(16 * MIB));
      assert.equal(after.pids?.limit, 40n);
      await discard(running);
    });
  });
}

async function sample(task: Task): Promise<Cgroup2Metrics> {
  const metrics = await within('stats', task.stats());
  assert.ok(metrics.kind === 'cgroup2', metrics.kind);
  return metrics.data;
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}
