import { describe, it } from 'node:test';
import { clientSuite, shellProcess } from '../../../src/libcontainerd/testsuite/index.js';
import { missing } from '../host/requirements.js';
import { containerSpec } from '../host/spec.js';
import { TestHost } from '../host/test-host.js';

const skip = missing('containerd', 'runc', 'busybox');

/** Eats memory until the kernel ends it, in a container of 16 MiB. */
const OOM_SCRIPT = 'x=x; while :; do x=$x$x; done';

function conformance(name: string, runtime: string, expectedSkips: readonly string[]): void {
  let host: TestHost;
  clientSuite(name, {
    capabilities: {
      checkpoint: true,
      pause: true,
      liveAttach: true,
      updateResources: true,
      oomEvents: true,
      runtimeV1: true,
      metrics: 'cgroup1',
    },
    expectedSkips,
    async setup() {
      host = await TestHost.start();
      return {
        newClient: (namespace) => host.client({ namespace, runtime }),
        spec: (workload) => containerSpec({ rootfs: host.rootfs, process: shellProcess(workload) }),
        process: shellProcess,
        rpcCounts: () => host.rpcCounts(),
        oomSpec: () =>
          containerSpec({
            rootfs: host.rootfs,
            process: { args: ['/bin/sh', '-c', OOM_SCRIPT], cwd: '/' },
            resources: { memory: { limit: 16 * 1024 * 1024, swap: 16 * 1024 * 1024 } },
          }),
      };
    },
    teardown: () => host.stop(),
  });
}

if (skip) describe('remote', () => it('conforms', { skip }, () => {}));
else {
  conformance('remote, io.containerd.runc.v2', 'io.containerd.runc.v2', []);
  conformance('remote, io.containerd.runc.v1', 'io.containerd.runc.v1', []);
  conformance('remote, io.containerd.runtime.v1.linux', 'io.containerd.runtime.v1.linux', []);
}
