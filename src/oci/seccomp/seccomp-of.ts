import { NotImplementedError } from '../../errdefs/index.js';
import type { OciSeccomp } from '../runtime-spec.js';
import type { SecurityOptions } from '../security-opt.js';

export interface SeccompTarget {
  /** The container's bounding set: rules depend on it. */
  readonly capabilities: readonly string[];
  readonly privileged: boolean;
  /** As Node has it: `x64`, `arm64`... */
  readonly arch: string;
  readonly kernel: { readonly major: number; readonly minor: number };
}

/** `undefined`: no filter. */
export function seccompOf(_seccomp: SecurityOptions['seccomp'], _target: SeccompTarget): OciSeccomp | undefined {
  throw new NotImplementedError('being written');
}
