import type { HostConfig } from '../config/host-config.js';
import type { HostFacts } from './host-facts.js';

/**
 * What tells of the host, or lets somebody harm it, and no namespace hides (moby `daemon/pkg/oci/defaults.go`).
 * Interrupts and the heat of CPUs betray what others type and compute: GHSA-6fw5-f8r9-fgfm, GHSA-jq35-85cj-fj4p.
 */
const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

export interface SystemPaths {
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

/** What the user lists holds, also when it is nothing; unsaid, a privileged container sees everything. */
export function systemPathsOf(
  { MaskedPaths, ReadonlyPaths, Privileged }: HostConfig,
  host: Pick<HostFacts, 'thermalFolders'>,
  isUnconfined: boolean,
): SystemPaths {
  const isOpen = isUnconfined || Privileged === true;
  return {
    maskedPaths: MaskedPaths ?? (isOpen ? [] : [...MASKED, ...host.thermalFolders]),
    readonlyPaths: ReadonlyPaths ?? (isOpen ? [] : READ_ONLY),
  };
}
