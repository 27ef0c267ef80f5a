import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { LocalHost } from '../host/local-host.js';
import { missing } from '../host/requirements.js';
import { discard, type Running } from '../host/run-container.js';
import { COLD, V1, WARM } from './kinds.js';
import { shimPidOf, victimSpec } from './traces.js';

const CGROUPS = '/sys/fs/cgroup';
const SHIMS = `/libcontainerd-test-shims-${process.pid}`;
const noV1 = !existsSync(join(CGROUPS, 'pids/cgroup.procs')) && 'needs the pids controller of cgroup v1';

for (const { name, core, runtime, needs } of [COLD, WARM, V1]) {
  describe(`a shim with a cgroup of its own, ${name}`, { skip: missing(needs, 'runc', 'busybox') || noV1 }, () => {
    const folders = readdirSync(CGROUPS)
      .map((hierarchy) => join(CGROUPS, hierarchy))
      // A cpuset takes no process before it has cpus, and the unified one does not count here.
      .filter((folder) => existsSync(join(folder, 'cgroup.procs')) && !/(?:cpuset|unified)$/.test(folder))
      .map((folder) => join(folder, SHIMS));
    let host: LocalHost;
    before(async () => {
      for (const folder of folders) mkdirSync(folder);
      host = await LocalHost.start(core);
    });
    after(async () => {
      await host.stop();
      for (const folder of folders) rmdirSync(folder);
    });

    it('is put there by the option shimCgroup, and its container is not', async () => {
      const client = await host.client({ runtime });
      const container = await client.newContainer('placed', {
        spec: victimSpec(host, { args: ['/bin/sleep', '1000'] }),
        runtimeOptions: { kind: 'runc', shimCgroup: SHIMS },
      });
      const running: Running = { container, task: await container.newTask() };
      await running.task.start();
      assert.ok(cgroupsOf(await shimPidOf(host, 'placed')).includes(SHIMS));
      assert.ok(!cgroupsOf(running.task.pid).includes(SHIMS));
      await discard(running);
    });

    it('is said to be missing when nobody has made it, and nothing is left', async () => {
      const client = await host.client({ runtime });
      const container = await client.newContainer('unplaced', {
        spec: victimSpec(host, { args: ['/bin/true'] }),
        runtimeOptions: { kind: 'runc', shimCgroup: `${SHIMS}-no` },
      });
      await assert.rejects(container.newTask(), /cgroup/);
      await container.delete();
    });
  });
}

function cgroupsOf(pid: number): string[] {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
  return lines.map((line) => line.split(':').slice(2).join(':'));
}
