import { NotImplementedError } from '../../errdefs/index.js';
import type { HostConfig } from '../config/host-config.js';
import type { LinuxResources } from '../runtime-spec.js';
import type { HostFacts } from './host-facts.js';

export function resourcesOf(_hostConfig: HostConfig, _host: HostFacts): LinuxResources {
  throw new NotImplementedError('being written');
}
