import type { CoreOptions } from '../../../src/libcontainerd/local/linux/options.js';
import { clientSuite, shellProcess } from '../../../src/libcontainerd/testsuite/index.js';
import type { Capabilities } from '../../../src/libcontainerd/types.js';
import { LocalHost } from '../host/local-host.js';
import { containerSpec, oomSpec } from '../host/spec.js';

export interface LocalConformance {
  readonly name: string;
  readonly runtime: string;
  /** @default true */
  readonly runtimeV1?: boolean;
  /** @default 'cgroup1' */
  readonly metrics?: Capabilities['metrics'];
  /** Of the suite. @default all */
  readonly areas?: readonly string[];
  /** Of the areas, as `area: name`. @default all */
  readonly cases?: readonly string[];
  readonly core?: CoreOptions;
}

/** There is no containerd whose calls could be counted. */
const SKIPS = [
  'kills, pauses and resumes in one call each, and waits in none',
  'restores any number of containers with two lists',
  'runs a container from create to delete in five calls',
  'runs an exec in two calls and removes it in one',
  'samples any number of tasks in one call',
].map((name) => `budget: ${name}`);

/** Registers the conformance suite over an embedded core of its own. */
export function localConformance(options: LocalConformance): void {
  const { name, runtime, runtimeV1 = true, metrics = 'cgroup1', areas, cases, core } = options;
  let host: LocalHost;
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
    expectedSkips: areas?.includes('budget') === false ? [] : SKIPS,
    async setup() {
      host = await LocalHost.start(core);
      return {
        newClient: (namespace) => host.client({ namespace, runtime }),
        spec: (workload) => containerSpec({ rootfs: host.rootfs, process: shellProcess(workload) }),
        process: shellProcess,
        oomSpec: () => oomSpec(host.rootfs),
      };
    },
    teardown: () => host.stop(),
  });
}
