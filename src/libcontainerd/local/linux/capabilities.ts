import { existsSync } from 'node:fs';
import type { RuntimeTable } from '../../../runtimes/index.js';
import type { Capabilities } from '../../types.js';

const RUNTIME_V1_LINUX = 'io.containerd.runtime.v1.linux';

/** What the embedded core can do on this host, with the shims that are on it. */
export async function capabilitiesHere(runtimes: RuntimeTable): Promise<Capabilities> {
  return {
    checkpoint: true,
    pause: true,
    liveAttach: true,
    updateResources: true,
    oomEvents: true,
    runtimeV1: (await runtimes.available()).includes(RUNTIME_V1_LINUX),
    metrics: existsSync('/sys/fs/cgroup/cgroup.controllers') ? 'cgroup2' : 'cgroup1',
  };
}
