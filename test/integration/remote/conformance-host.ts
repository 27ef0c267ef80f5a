import type { ManagedContainerdOptions } from '../../../src/libcontainerd/remote/managed/index.js';
import { clientSuite, shellProcess } from '../../../src/libcontainerd/testsuite/index.js';
import type { Capabilities } from '../../../src/libcontainerd/types.js';
import { containerSpec, oomSpec } from '../host/spec.js';
import { TestHost } from '../host/test-host.js';

export interface RemoteConformance {
  readonly name: string;
  readonly runtime: string;
  readonly runtimeV1: boolean;
  /** @default 'cgroup1' */
  readonly metrics?: Capabilities['metrics'];
  /** Of the suite. @default all */
  readonly areas?: readonly string[];
  /** Of the areas, as `area: name`. @default all */
  readonly cases?: readonly string[];
  readonly containerd?: Partial<ManagedContainerdOptions>;
}

/** Registers the conformance suite over `remote`, on a containerd of its own. */
export function remoteConformance(options: RemoteConformance): void {
  const { name, runtime, runtimeV1, metrics = 'cgroup1', areas, cases, containerd } = options;
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
    cases,
    expectedSkips: [],
    async setup() {
      host = await TestHost.start(containerd);
      return {
        // No sweep falls into the counting of calls, however slow the machine is.
        newClient: (namespace) => host.client({ namespace, runtime, sweepIntervalMs: 24 * 3_600_000 }),
        spec: (workload) => containerSpec({ rootfs: host.rootfs, process: shellProcess(workload) }),
        process: shellProcess,
        rpcCounts: () => host.rpcCounts(),
        oomSpec: () => oomSpec(host.rootfs),
      };
    },
    teardown: () => host.stop(),
  });
}
