import { InvalidArgumentError } from '../../errdefs/index.js';
import type { OciSeccomp, OciSeccompRule } from '../runtime-spec.js';
import { architectureOf } from './architectures.js';
import { isAtLeast } from './kernel-version.js';
import type { ProfileCondition, ProfileRule, SeccompProfile } from './parse-profile.js';
import type { SeccompTarget } from './seccomp-target.js';

/**
 * The filter that a profile means for one container: its conditions decided, its architectures chosen (moby/profiles
 * `setupSeccomp`). Undefined for a profile that says nothing.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` for a profile that contradicts itself
 */
export function applyProfile(profile: SeccompProfile, target: SeccompTarget): OciSeccomp | undefined {
  const { defaultAction, archMap = [], syscalls = [], ...same } = profile;
  if (!defaultAction) {
    if (syscalls.length === 0) return undefined;
    throw contradiction('the seccomp profile has rules and no defaultAction');
  }
  if ((same.architectures ?? []).length > 0 && archMap.length > 0) {
    throw contradiction(
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  }
  const native = architectureOf(target.arch);
  const mapped = archMap.find(({ architecture }) => architecture === native?.native);
  return {
    ...same,
    ...(mapped !== undefined && { architectures: [mapped.architecture, ...(mapped.subArchitectures ?? [])] }),
    defaultAction,
    syscalls: syscalls.filter((rule) => counts(rule, target)).map(plainRule),
  };
}

/** What includes name must all be so; one of what excludes name is enough. */
function counts({ includes = {}, excludes = {} }: ProfileRule, target: SeccompTarget): boolean {
  const arch = architectureOf(target.arch)?.name ?? '';
  const has = (capability: string) => target.capabilities.includes(capability);
  const isReached = ({ minKernel }: ProfileCondition) => minKernel !== undefined && isAtLeast(target.kernel, minKernel);
  if (excludes.arches?.includes(arch) || excludes.caps?.some(has) || isReached(excludes)) return false;
  const arches = includes.arches ?? [];
  if (arches.length > 0 && !arches.includes(arch)) return false;
  return (includes.caps ?? []).every(has) && (includes.minKernel === undefined || isReached(includes));
}

function plainRule({ name, names = [], action, errnoRet, args }: ProfileRule): OciSeccompRule {
  if (name && names.length > 0) {
    throw contradiction("both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'");
  }
  return {
    names: name ? [name] : names,
    action,
    ...(errnoRet !== undefined && { errnoRet }),
    ...(args !== undefined && args.length > 0 && { args }),
  };
}

function contradiction(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { code: 'ERR_OPTION_INVALID', fields: { field: 'SecurityOpt' } });
}
