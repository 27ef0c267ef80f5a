import type { HostConfig } from '../config/host-config.js';
import type { HostFacts } from './host-facts.js';
import { assertWithinHost } from './host-limits.js';
import { supportedLimits } from './supported-limits.js';

/**
 * What of the request this host leaves out, or does otherwise than somebody may think, in dockerd's words; for the answer to
 * a create or an update.
 * @throws InvalidArgumentError, NotImplementedError for what would make a start fail on this host
 */
export function warningsOf(hostConfig: HostConfig, host: HostFacts): string[] {
  assertWithinHost(hostConfig, host);
  const { kept, warnings } = supportedLimits(hostConfig, host);
  const more: string[] = [];
  if (kept.OomKillDisable === true && (kept.Memory ?? 0) === 0) {
    more.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
  if ((hostConfig.CpuPercent ?? 0) > 0) more.push('linux does not support CPU percent. Percent discarded.');
  if (hostConfig.NetworkMode === 'host' && Object.keys(hostConfig.PortBindings ?? {}).length > 0) {
    more.push('Published ports are discarded when using host network mode');
  }
  if (hostConfig.CgroupnsMode === 'private' && !host.hasCgroupNamespaces) {
    more.push('Your kernel does not support cgroup namespaces.  Cgroup namespace setting discarded.');
  }
  return [...warnings, ...more];
}
