import { NotImplementedError } from '../../errdefs/index.js';
import type { ExecConfig } from './host-config.js';

export function parseExecConfig(_value: unknown): ExecConfig {
  throw new NotImplementedError('being written');
}
