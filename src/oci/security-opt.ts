import { InvalidArgumentError } from '../errdefs/index.js';

/** What `HostConfig.SecurityOpt` asks for. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** `default` when nothing is said. */
  readonly seccomp:
    | { readonly kind: 'default' | 'builtin' | 'unconfined' }
    | { readonly kind: 'profile'; readonly text: string };
  /** A profile's name or `unconfined`; undefined when nothing is said. */
  readonly apparmor: string | undefined;
  /** As given, without `label=`: `disable`, `type:svirt_t`... */
  readonly labels: readonly string[];
  /** Mask nothing, and leave nothing read-only, in /proc and /sys. */
  readonly systemPathsUnconfined: boolean;
  readonly writableCgroups: boolean;
}

const NO_VALUE: ReadonlySet<string> = new Set(['no-new-privileges', 'writable-cgroups', 'disable']);

/**
 * Reads `name`, `name=value` and the old `name:value`. Of a name given twice the later counts; labels add up. dockerd
 * leaves `systempaths` to its command line client; here it is taken from any client.
 *
 * @param host `hasApparmor: false` refuses an AppArmor profile, which would not confine anything. @default true
 * @throws InvalidArgumentError `ERR_OPTION_INVALID`
 */
export function parseSecurityOpt(
  list: readonly string[] | undefined,
  { hasApparmor = true }: { readonly hasApparmor?: boolean } = {},
): SecurityOptions {
  const given = new Map<string, string>();
  const labels: string[] = [];
  for (const option of list ?? []) {
    const { name, value } = split(option);
    if (name === 'label') labels.push(value);
    else if (name === 'disable') labels.push('disable');
    else given.set(name, value);
  }
  const apparmor = given.get('apparmor');
  if (!hasApparmor && apparmor && apparmor !== 'unconfined') {
    throw invalid(`cannot use AppArmor profile "${apparmor}": AppArmor is not enabled on this host`);
  }
  return {
    noNewPrivileges: booleanOf(given, 'no-new-privileges'),
    seccomp: seccompOption(given.get('seccomp')),
    apparmor: apparmor || undefined,
    labels,
    systemPathsUnconfined: given.has('systempaths'),
    writableCgroups: booleanOf(given, 'writable-cgroups'),
  };
}

function split(option: string): { name: string; value: string } {
  if (NO_VALUE.has(option)) return { name: option, value: 'true' };
  const separator = option.includes('=') ? '=' : ':';
  const at = option.indexOf(separator);
  if (at < 0) throw invalid(`invalid --security-opt 1: "${option}"`);
  const name = option.slice(0, at);
  const value = option.slice(at + 1);
  const isKnown = ['label', 'apparmor', 'seccomp', 'no-new-privileges', 'writable-cgroups'].includes(name);
  if (!isKnown && option !== `systempaths${separator}unconfined`)
    throw invalid(`invalid --security-opt 2: "${option}"`);
  return { name, value };
}

function seccompOption(value: string | undefined): SecurityOptions['seccomp'] {
  if (value === undefined || value === '') return { kind: 'default' };
  if (value === 'unconfined' || value === 'builtin') return { kind: value };
  return { kind: 'profile', text: value };
}

/** Go's `strconv.ParseBool` takes these, and no others. */
function booleanOf(given: ReadonlyMap<string, string>, name: string): boolean {
  const value = given.get(name);
  if (value === undefined) return false;
  if (/^(1|t|T|true|TRUE|True)$/.test(value)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(value)) return false;
  throw invalid(`invalid --security-opt 2: "${name}=${value}"`);
}

function invalid(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { code: 'ERR_OPTION_INVALID', fields: { field: 'SecurityOpt' } });
}
