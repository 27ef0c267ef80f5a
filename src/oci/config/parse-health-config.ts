import { NotImplementedError } from '../../errdefs/index.js';
import type { HealthConfig } from './container-config.js';

export function parseHealthConfig(_value: unknown): HealthConfig {
  throw new NotImplementedError('being written');
}
