import { NotImplementedError } from '../../errdefs/index.js';
import type { HostConfig } from '../config/host-config.js';
import type { HostFacts } from './host-facts.js';

export function warningsOf(_hostConfig: HostConfig, _host: HostFacts): string[] {
  throw new NotImplementedError('being written');
}
