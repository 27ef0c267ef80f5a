import type { Cgroup1Metrics } from './cgroup1-metrics.js';
import type { Cgroup2Metrics } from './cgroup2-metrics.js';
import type { WindowsStatistics } from './windows-statistics.js';

/**
 * One raw sample, typed by where it comes from. Counters are `bigint`: they pass 2^53. A missing sub-message means that
 * the controller is not there; a zero inside one may mean "not supplied" (proto3 has no presence).
 */
export type Metrics =
  | { readonly kind: 'cgroup1'; readonly readAt: Date; readonly data: Cgroup1Metrics }
  | { readonly kind: 'cgroup2'; readonly readAt: Date; readonly data: Cgroup2Metrics }
  | { readonly kind: 'windows'; readonly readAt: Date; readonly data: WindowsStatistics };
