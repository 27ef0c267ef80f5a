import { NotImplementedError } from '../../errdefs/index.js';
import type { HostConfig, Resources } from '../config/host-config.js';
import type { LinuxResources } from '../runtime-spec.js';
import type { HostFacts } from './host-facts.js';

export function updatedResources(_before: HostConfig, _change: Resources, _host: HostFacts): LinuxResources {
  throw new NotImplementedError('being written');
}
