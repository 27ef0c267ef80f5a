import type { KernelVersion } from './kernel-version.js';

/** What the rules of a profile depend on. */
export interface SeccompTarget {
  /** The container's bounding set. */
  readonly capabilities: readonly string[];
  readonly privileged: boolean;
  /** As Node has it: `x64`, `arm64`... */
  readonly arch: string;
  readonly kernel: KernelVersion;
  /** The kernel has seccomp filters. @default true */
  readonly hasSeccomp?: boolean;
}
