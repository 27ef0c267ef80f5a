import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { EngineContainer, HostConfig } from '../../../src/daemon-core/index.js';
import { scaledMs } from '../../../src/libcontainerd/testsuite/deadline.js';
import { isAlive } from '../../../src/platform/process.js';
import { EngineHost, execIn, logOf, SLEEP, sh } from '../../integration/daemon/engine-host.js';
import { until } from '../../integration/host/until.js';

const MIB = 1024 * 1024;
/** Neither a keeper of outputs nor shims that are started ahead: each costs an emulated machine seconds. */
const CHEAP = { stdio: 'plain', warmShims: 0 } as const;
const NOW = { timeoutSeconds: 0 };
const SHOWS_MS = scaledMs(5_000);
/** The one disk of the machine's root. */
const DISK = `/dev/${readdirSync('/sys/block').find((name) => name.startsWith('nvme'))}`;
const LIMITS: HostConfig = {
  Memory: 64 * MIB,
  MemorySwap: 96 * MIB,
  MemoryReservation: 32 * MIB,
  CpuShares: 512,
  CpuPeriod: 50_000,
  CpuQuota: 25_000,
  CpusetCpus: '0',
  CpusetMems: '0',
  PidsLimit: 40,
  BlkioDeviceReadBps: [{ Path: DISK, Rate: MIB }],
  BlkioDeviceWriteBps: [{ Path: DISK, Rate: 2 * MIB }],
  BlkioDeviceReadIOps: [{ Path: DISK, Rate: 100 }],
  BlkioDeviceWriteIOps: [{ Path: DISK, Rate: 200 }],
};
/** Of this machine's kernel: asked for, left out, and said. */
const LEFT_OUT: HostConfig = { OomKillDisable: true, MemorySwappiness: 10, CpuRealtimePeriod: 1_000_000 };

/** A file of a container's cgroup, without the line's end. */
function cgroup({ id }: EngineContainer, file: string): string {
  return readFileSync(`/sys/fs/cgroup/libcontainerd-test/${id}/${file}`, 'utf8').trim();
}

function cgroups(c: EngineContainer, ...files: string[]): string[] {
  return files.map((file) => cgroup(c, file));
}

/** What an engine does with cgroup v2: limits, their changes, the freezer, and what it finds when it comes again. */
export function daemonCases(name: string): void {
  describe(`${name}: an engine on cgroup v2`, { concurrency: false, timeout: scaledMs(60_000) }, () => {
    let host: EngineHost;
    before(async () => {
      host = await EngineHost.start({ backend: CHEAP });
    });
    after(() => host.stop());

    it('keeps every limit of docker run, changes them as docker update does, and has them after a restart', async () => {
      const { container: c, warnings } = await host.engine.create({
        config: SLEEP,
        hostConfig: { NetworkMode: 'none', ...LIMITS, ...LEFT_OUT },
        rootfs: { kind: 'overlay', layers: [host.rootfs] },
      });
      assert.deepEqual(
        warnings.map((warning) => warning.replace(/^Your kernel does not support (.*?)( capabilities)? or .*$/, '$1')),
        [
          'memory swappiness',
          'Your kernel does not support OomKillDisable. OomKillDisable discarded.',
          'CPU real-time scheduler',
        ],
      );
      await c.start();
      assert.deepEqual(cgroups(c, 'memory.max', 'memory.swap.max', 'memory.low', 'memory.high'), [
        `${64 * MIB}`,
        // Swap alone on v2; what is asked for includes memory.
        `${32 * MIB}`,
        `${32 * MIB}`,
        'max',
      ]);
      assert.deepEqual(cgroups(c, 'cpu.max', 'cpuset.cpus', 'cpuset.mems', 'pids.max'), [
        '25000 50000',
        '0',
        '0',
        '40',
      ]);
      // Runtimes differ in how 2 to 262144 becomes 1 to 10000.
      assert.match(cgroup(c, 'cpu.weight'), /^(20|59)$/);
      assert.match(cgroup(c, 'io.max'), /^\d+:\d+ rbps=1048576 wbps=2097152 riops=100 wiops=200$/);

      await assert.rejects(c.update({ NanoCpus: 1e9 }), { name: 'ConflictError' });
      await assert.rejects(c.update({ Memory: 128 * MIB }), /smaller than already set memoryswap limit/);
      await assert.rejects(c.update({ CpusetCpus: '999' }), /Requested CPUs are not available/);
      assert.deepEqual(cgroups(c, 'memory.max', 'cpu.max', 'cpuset.cpus'), [`${64 * MIB}`, '25000 50000', '0']);
      await c.update({ Memory: 80 * MIB, MemorySwap: 200 * MIB, CpuQuota: 30_000, CpuShares: 1024, PidsLimit: -1 });
      await c.update({ CpusetCpus: '0-1', Memory: 0 });
      const files = ['memory.max', 'memory.swap.max', 'memory.low', 'cpu.max', 'cpuset.cpus', 'pids.max'];
      const changed = [`${80 * MIB}`, `${120 * MIB}`, `${32 * MIB}`, '30000 50000', '0-1', 'max'];
      assert.deepEqual(cgroups(c, ...files), changed);
      assert.match(cgroup(c, 'cpu.weight'), /^(39|100)$/);
      await c.restart(NOW);
      assert.deepEqual(cgroups(c, ...files), changed, 'in the next run');
      await c.remove({ force: true });
    });

    it('freezes with cgroup.freeze, follows who else does, and runs execs in the cgroup of their container', async () => {
      const c = await host.running(SLEEP, { Memory: 64 * MIB, NanoCpus: 500_000_000 });
      // As much swap as memory, for nobody said otherwise.
      assert.deepEqual(cgroups(c, 'memory.swap.max', 'cpu.max'), [`${64 * MIB}`, '50000 100000']);
      assert.deepEqual(await execIn(c, '/bin/sh', '-c', 'cat /proc/self/cgroup; exit 4'), { out: '0::/\n', code: 4 });
      await c.pause();
      assert.equal(cgroup(c, 'cgroup.freeze'), '1');
      assert.match(cgroup(c, 'cgroup.events'), /frozen 1/);
      assert.equal(c.inspect().State.Status, 'paused');
      assert.throws(() => c.exec({ Cmd: ['true'] }), { name: 'ConflictError' });
      await c.unpause();
      assert.match(cgroup(c, 'cgroup.events'), /frozen 0/);
      const other = await (await host.engine.client.loadContainer(c.id)).task();
      await other.pause();
      await until('the pause shows', () => c.inspect().State.Status === 'paused', SHOWS_MS);
      await other.resume();
      await until('its end shows', () => c.inspect().State.Status === 'running', SHOWS_MS);
      await c.pause();
      await c.kill();
      assert.deepEqual([c.inspect().State.Status, c.inspect().State.ExitCode], ['exited', 137]);
      await c.remove();
    });

    it('finds what runs, what is frozen and what has ended when it comes again', async () => {
      const runs = await host.running(sh('trap "echo heard" USR1; echo ready; while :; do sleep 60 & wait $!; done'));
      const frozen = await host.running(SLEEP);
      await frozen.pause();
      const ends = await host.running(sh('trap "exit 7" TERM; echo ready; while :; do sleep 60 & wait $!; done'));
      for (const c of [runs, ends]) await until('it listens', async () => (await logOf(c)) === 'ready\n', SHOWS_MS);
      const [heard, ended] = [runs.inspect().State.Pid, ends.inspect().State.Pid];
      await host.engine.close();
      process.kill(heard, 'SIGUSR1');
      process.kill(ended, 'SIGTERM');
      await until('it has ended', () => !isAlive(ended), SHOWS_MS);
      await host.reopen();
      const again = (c: EngineContainer) => host.engine.container(c.id);
      assert.deepEqual([again(ends).inspect().State.Status, again(ends).inspect().State.ExitCode], ['exited', 7]);
      assert.equal(again(frozen).inspect().State.Status, 'paused');
      assert.equal(cgroup(frozen, 'cgroup.freeze'), '1');
      await until('its output', async () => (await logOf(again(runs))) === 'ready\nheard\n', SHOWS_MS);
      assert.equal(again(runs).inspect().State.Pid, heard);
      await host.removeAll();
    });
  });
}
