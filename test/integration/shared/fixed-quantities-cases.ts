import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ContainerStats, EngineContainer } from '../../../src/daemon-core/index.js';
import { scaledMs } from '../../../src/libcontainerd/testsuite/deadline.js';
import { type EngineHost, logOf, sh } from '../daemon/engine-host.js';
import { until } from '../host/until.js';
import { attachLoopDevice, type LoopDevice } from '../metrics/loop-device.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const WRITTEN = 6 * MIB;
const HELD = 48 * MIB;
const MEMORY_LIMIT = 128 * MIB;
const PIDS_LIMIT = 50;
/** The shell, what holds memory, whom it would write to, and two more. */
const PROCESSES = 5;
/** A busy loop uses it up in each period, also on a busy host: periods are long, and it goes before most others. */
const QUOTA = { CpuPeriod: 50_000, CpuQuota: 1_000 };
const SHARES = 262_144;
/** At either end of a window one may be counted late. */
const PERIODS = 60n;
/** Two hosts of which each keeps this agree within 5 %. */
const TOLERANCE = 0.025;

const WORKLOAD = `
  dd if=/dev/zero of=/dev/disk bs=64k count=${WRITTEN / (64 * KIB)} oflag=direct
  dd if=/dev/zero bs=${HELD} count=1 | sleep 1000 &
  sleep 1000 & sleep 1000 &
  echo ready; while :; do :; done`;

/**
 * One workload fixes what is written, held, run and throttled; the cases look whether our statistics say so. They run on
 * a host with cgroup v1 and in the machine with v2 (test/vm), so the two versions agree with each other.
 */
export function fixedQuantityCases(host: () => EngineHost): void {
  describe('quantities that the workload fixes', { concurrency: false }, () => {
    let disk: LoopDevice | undefined;
    let container: EngineContainer | undefined;
    before(async () => {
      disk = attachLoopDevice(host().folder);
      // The kernel counts the IO of a device only when somebody throttles it (cgroup v1 on recent kernels).
      const throttle = [{ Path: disk.path, Rate: 1024 * MIB }];
      container = await host().running(sh(WORKLOAD), {
        Memory: MEMORY_LIMIT,
        MemorySwap: MEMORY_LIMIT,
        PidsLimit: PIDS_LIMIT,
        CpuShares: SHARES,
        Devices: [{ PathOnHost: disk.path, PathInContainer: '/dev/disk' }],
        BlkioDeviceWriteBps: throttle,
      });
      const running = container;
      await until(
        'the workload is ready',
        async () => (await logOf(running, 'stdout')) === 'ready\n',
        scaledMs(10_000),
      );
    });
    after(async () => {
      await container?.remove({ force: true });
      disk?.detach();
    });

    async function sample(): Promise<ContainerStats> {
      assert.ok(container !== undefined);
      for await (const stats of container.stats({ stream: false, oneShot: true }, { timeoutMs: scaledMs(10_000) })) {
        return stats;
      }
      throw new Error('there is no sample');
    }

    /** Fails with the last figure, when the kernel's counters do not come to rest there in time. */
    async function comesTo(fixed: number, figure: () => Promise<number>): Promise<void> {
      let last = Number.NaN;
      await until(
        'the figure',
        async () => {
          last = await figure();
          return Math.abs(last - fixed) <= TOLERANCE * fixed;
        },
        scaledMs(15_000),
      ).catch(() => assert.fail(`${last} is not within ${100 * TOLERANCE} % of ${fixed}`));
    }

    it('says how many bytes were written', () =>
      comesTo(WRITTEN, async () => {
        const entries = (await sample()).blkio_stats.io_service_bytes_recursive ?? [];
        const ofDisk = entries.filter(
          ({ major, minor }) => Number(major) === disk?.major && Number(minor) === disk.minor,
        );
        return Number(ofDisk.find(({ op }) => op.toLowerCase() === 'write')?.value);
      }));

    it('says how much anonymous memory is held', () =>
      comesTo(HELD, async () => {
        const { stats = {} } = (await sample()).memory_stats;
        // The names of v1 and v2.
        return Number(stats.total_rss ?? stats.anon);
      }));

    it('says how many processes there are, and what the limits are', async () => {
      const { pids_stats, memory_stats } = await sample();
      assert.deepEqual(
        [pids_stats.current, pids_stats.limit, memory_stats.limit],
        [BigInt(PROCESSES), BigInt(PIDS_LIMIT), BigInt(MEMORY_LIMIT)],
      );
    });

    it('says that a busy loop under a small quota is throttled in each period', async () => {
      await container?.update(QUOTA);
      const throttling = async () => {
        const { throttling_data } = (await sample()).cpu_stats;
        assert.ok(throttling_data !== undefined);
        return throttling_data;
      };
      await comesTo(1, async () => {
        const first = await throttling();
        let last = first;
        await until(
          'periods have passed',
          async () => {
            last = await throttling();
            return last.periods >= first.periods + PERIODS;
          },
          scaledMs(10_000),
        );
        return Number(last.throttled_periods - first.throttled_periods) / Number(last.periods - first.periods);
      });
    });
  });
}
