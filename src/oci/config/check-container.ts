import { NotImplementedError } from '../../errdefs/index.js';
import type { ContainerConfig } from './container-config.js';
import type { HostConfig } from './host-config.js';

export function checkContainer(_config: ContainerConfig, _hostConfig: HostConfig): void {
  throw new NotImplementedError('being written');
}
