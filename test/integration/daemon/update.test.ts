import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { toHttpStatus } from '../../../src/errdefs/index.js';
import { readHostFacts } from '../../../src/oci/build/host-facts.js';
import { missing } from '../host/requirements.js';
import { until } from '../host/until.js';
import { EngineHost, execIn, SLEEP } from './engine-host.js';

const MIB = 1024 * 1024;
/** As runc, but for what the kernel may refuse or not. */
const REFUSES = `#!/bin/sh
for word do
  [ "$word" = update ] && { echo the limit is refused >&2; exit 1; }
done
exec runc "$@"
`;

describe('update of a container', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  let isV2: boolean;
  let folder: string;
  before(async () => {
    folder = await mkdtemp('/tmp/lcd-refuses-');
    const path = join(folder, 'runc');
    await writeFile(path, REFUSES, { mode: 0o755 });
    host = await EngineHost.start({ runtimes: { refuses: { path } } });
    isV2 = (await readHostFacts()).cgroupVersion === 2;
  });
  after(async () => {
    await host.stop();
    await rm(folder, { recursive: true });
  });

  /** Of the cgroup as the container sees it. */
  async function limit(container: Parameters<typeof execIn>[0], v1: string, v2: string): Promise<string> {
    const { out } = await execIn(container, '/bin/cat', `/sys/fs/cgroup/${isV2 ? v2 : v1}`);
    return out.trim();
  }

  it('changes the limits of a running one at once, and keeps the others', async () => {
    const c = await host.running(SLEEP, { Memory: 64 * MIB, PidsLimit: 100, CpuShares: 512 });
    await c.update({ Memory: 32 * MIB, MemorySwap: 48 * MIB, NanoCpus: 500_000_000, PidsLimit: 50 });
    assert.equal(await limit(c, 'memory/memory.limit_in_bytes', 'memory.max'), String(32 * MIB));
    assert.equal(await limit(c, 'pids/pids.max', 'pids.max'), '50');
    assert.equal(await limit(c, 'cpu/cpu.cfs_quota_us', 'cpu.max'), isV2 ? '50000 100000' : '50000');
    if (!isV2) assert.equal(await limit(c, 'cpu/cpu.shares', ''), '512');
    const { HostConfig } = c.inspect();
    assert.deepEqual(
      [HostConfig.Memory, HostConfig.MemorySwap, HostConfig.NanoCpus, HostConfig.PidsLimit, HostConfig.CpuShares],
      [32 * MIB, 48 * MIB, 500_000_000, 50, 512],
    );
    // What a client's JSON has for fields that nobody asked for changes nothing; 0 processes means no limit.
    await c.update({ Memory: 0, PidsLimit: null, CpusetCpus: '', NanoCpus: 0 });
    assert.equal(c.inspect().HostConfig.PidsLimit, 50);
    await c.update({ PidsLimit: 0 });
    assert.equal(await limit(c, 'pids/pids.max', 'pids.max'), 'max');
    await c.pause();
    await c.update({ PidsLimit: 70 });
    await c.unpause();
    assert.equal(await limit(c, 'pids/pids.max', 'pids.max'), '70');
  });

  it('holds for the next start, of one that does not run', async () => {
    const c = await host.create(SLEEP, { UTSMode: 'host' });
    await c.update({ PidsLimit: 33 });
    await c.start();
    assert.equal(await limit(c, 'pids/pids.max', 'pids.max'), '33');
  });

  it('refuses what cannot be in the words of dockerd, and nothing has changed', async () => {
    const c = await host.running(SLEEP, { Memory: 64 * MIB, MemorySwap: 80 * MIB, NanoCpus: 200_000_000 });
    const before = c.inspect().HostConfig;
    const cases: [Parameters<typeof c.update>[0], RegExp][] = [
      [{ Memory: MIB }, /Minimum memory limit allowed is 6MB/],
      [{ Memory: 32 * MIB, MemorySwap: 16 * MIB }, /Minimum memoryswap limit should be larger than memory limit/],
      [{ Memory: 100 * MIB }, /Memory limit should be smaller than already set memoryswap limit, update the/],
      [{ CpuQuota: 20_000 }, /Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set/],
      [{ CpusetCpus: '777' }, /Requested CPUs are not available - requested 777, available: /],
      [{ NanoCpus: 9_999e9 }, /range of CPUs is from 0.01 to /i],
      [{ RestartPolicy: { Name: 'always', MaximumRetryCount: 2 } }, /maximum retry count can only be used with/],
    ];
    for (const [change, message] of cases) await assert.rejects(c.update(change), message);
    assert.deepEqual(c.inspect().HostConfig, before);
    const removesItself = await host.create(SLEEP, { AutoRemove: true });
    await assert.rejects(
      removesItself.update({ RestartPolicy: { Name: 'always' } }),
      /Restart policy cannot be updated because AutoRemove is enabled for the container/,
    );
  });

  it('keeps what it has when the runtime refuses a change, also for the next start', async () => {
    const HostConfig = { Memory: 64 * MIB, PidsLimit: 100, Runtime: 'refuses', RestartPolicy: { Name: 'no' } } as const;
    const c = await host.running(SLEEP, HostConfig, 'kept');
    const before = c.inspect().HostConfig;
    await assert.rejects(
      c.update({ Memory: 32 * MIB, MemorySwap: 48 * MIB, PidsLimit: 50, RestartPolicy: { Name: 'always' } }),
      (err) =>
        err instanceof Error &&
        err.message.startsWith(`Cannot update container ${c.id}: `) &&
        err.message.includes('the limit is refused') &&
        toHttpStatus(err) === 500,
    );
    assert.deepEqual(c.inspect().HostConfig, before);
    await host.reopen();
    const kept = host.engine.container('kept');
    assert.deepEqual(kept.inspect().HostConfig, before);
    for (const start of ['the first', 'the next']) {
      assert.equal(await limit(kept, 'memory/memory.limit_in_bytes', 'memory.max'), String(64 * MIB), start);
      assert.equal(await limit(kept, 'pids/pids.max', 'pids.max'), '100', start);
      await kept.restart({ timeoutSeconds: 0 });
    }
    // The policy is the old one as well.
    process.kill(kept.inspect().State.Pid, 'SIGKILL');
    await kept.wait('not-running', { timeoutMs: 10_000 });
    assert.equal(kept.inspect().State.Status, 'exited');
  });

  it('gives a running one another restart policy, which counts from then on', async () => {
    const c = await host.running(SLEEP);
    await c.update({ RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 } });
    process.kill(c.inspect().State.Pid, 'SIGKILL');
    await until('it was started again', () => c.inspect().RestartCount === 1 && c.inspect().State.Pid > 0);
    await c.update({ RestartPolicy: { Name: 'no' } });
    const ended = c.wait('next-exit', { timeoutMs: 10_000 });
    process.kill(c.inspect().State.Pid, 'SIGKILL');
    await ended;
    assert.equal(c.inspect().State.Status, 'exited');
  });
});
