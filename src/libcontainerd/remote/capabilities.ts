import { existsSync } from 'node:fs';
import type { Plugin } from '../../protocol/gen/containerd/services/introspection.js';
import { isWindowsPipe } from '../../protocol/grpc/target.js';
import type { Capabilities } from '../types.js';

/** What a containerd can do, from its list of plugins. containerd and this process share a host, hence its cgroups. */
export function capabilitiesOf(address: string, plugins: readonly Plugin[]): Capabilities {
  const works = (type: string, id: string) =>
    plugins.some((plugin) => plugin.type === type && plugin.id === id && plugin.initErr === undefined);
  const isWindows = isWindowsPipe(address);
  return {
    checkpoint: !isWindows,
    pause: true,
    liveAttach: true,
    updateResources: true,
    oomEvents: !isWindows,
    // Gone in containerd 2.0.
    runtimeV1: works('io.containerd.runtime.v1', 'linux'),
    metrics: isWindows ? 'windows' : existsSync('/sys/fs/cgroup/cgroup.controllers') ? 'cgroup2' : 'cgroup1',
  };
}
