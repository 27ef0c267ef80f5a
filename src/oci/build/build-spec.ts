import { NotImplementedError } from '../../errdefs/index.js';
import type { OciSpec } from '../runtime-spec.js';
import type { SpecInput } from './spec-input.js';

export function buildSpec(_input: SpecInput): Promise<OciSpec> {
  throw new NotImplementedError('being written');
}
