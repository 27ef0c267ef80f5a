import { NotImplementedError } from '../../errdefs/index.js';
import type { ContainerConfig } from './container-config.js';

export function parseContainerConfig(_value: unknown): ContainerConfig {
  throw new NotImplementedError('being written');
}
