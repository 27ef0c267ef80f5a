import { NotImplementedError } from '../../errdefs/index.js';
import type { HostConfig } from './host-config.js';

export function parseHostConfig(_value: unknown): HostConfig {
  throw new NotImplementedError('being written');
}
