import { NotImplementedError } from '../errdefs/index.js';

/** What `HostConfig.SecurityOpt` asks for. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** `default` when nothing is said. */
  readonly seccomp:
    | { readonly kind: 'default' | 'builtin' | 'unconfined' }
    | { readonly kind: 'profile'; readonly text: string };
  /** A profile's name or `unconfined`; undefined when nothing is said. */
  readonly apparmor: string | undefined;
  /** As given, without `label=`. */
  readonly labels: readonly string[];
  /** Mask nothing, and leave nothing read-only, in /proc and /sys. */
  readonly systemPathsUnconfined: boolean;
  readonly writableCgroups: boolean;
}

export function parseSecurityOpt(_list: readonly string[] | undefined): SecurityOptions {
  throw new NotImplementedError('being written');
}
