import type { ManagedContainerdOptions } from '../../../src/libcontainerd/remote/managed/index.js';
import { clientSuite, shellProcess } from '../../../src/libcontainerd/testsuite/index.js';
import type { Capabilities } from '../../../src/libcontainerd/types.js';
import { containerSpec } from '../host/spec.js';
import { TestHost } from '../host/test-host.js';

/** Eats memory until the kernel ends it, in a container of 16 MiB. */
const OOM_SCRIPT = 'x=x; while :; do x=$x$x; done';

export interface RemoteConformance {
  readonly name: string;
  readonly runtime: string;
  readonly runtimeV1: boolean;
  /** @default 'cgroup1' */
  readonly metrics?: Capabilities['metrics'];
  /** Of the suite. @default all */
  readonly areas?: readonly string[];
  readonly containerd?: Partial<ManagedContainerdOptions>;
}

/** Registers the conformance suite over `remote`, on a containerd of its own. */
export function remoteConformance(options: RemoteConformance): void {
  const { name, runtime, runtimeV1, metrics = 'cgroup1', areas, containerd } = options;
  let host: TestHost;
  const capabilities: Capabilities = {
    checkpoint: true,
    pause: true,
    liveAttach: true,
    updateResources: true,
    oomEvents: true,
    runtimeV1,
    metrics,
  };
  clientSuite(name, {
    capabilities,
    areas,
    expectedSkips: [],
    async setup() {
      host = await TestHost.start(containerd);
      return {
        // No sweep falls into the counting of calls, however slow the machine is.
        newClient: (namespace) => host.client({ namespace, runtime, sweepIntervalMs: 24 * 3_600_000 }),
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
