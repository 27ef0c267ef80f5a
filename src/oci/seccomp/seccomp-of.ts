import { FailedPreconditionError } from '../../errdefs/index.js';
import type { OciSeccomp } from '../runtime-spec.js';
import type { SecurityOptions } from '../security-opt.js';
import { applyProfile } from './apply-profile.js';
import { defaultProfile } from './default-profile.js';
import { parseProfile } from './parse-profile.js';
import type { SeccompTarget } from './seccomp-target.js';

export type { SeccompTarget } from './seccomp-target.js';

/**
 * The system call filter of a container. `undefined` is none: for `unconfined`, for a privileged container that names no
 * profile, and on a kernel without seccomp where no profile of one's own is asked for (moby `WithSeccomp`).
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` for a profile that cannot be read
 * @throws FailedPreconditionError for a profile on a kernel without seccomp
 */
export function seccompOf(seccomp: SecurityOptions['seccomp'], target: SeccompTarget): OciSeccomp | undefined {
  if (seccomp.kind === 'unconfined') return undefined;
  if (seccomp.kind === 'default' && target.privileged) return undefined;
  const hasSeccomp = target.hasSeccomp ?? true;
  if (seccomp.kind !== 'profile') return hasSeccomp ? defaultProfile(target) : undefined;
  if (!hasSeccomp) {
    throw new FailedPreconditionError('seccomp is not enabled in your kernel, cannot run a custom seccomp profile');
  }
  return applyProfile(parseProfile(seccomp.text), target);
}
