import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from '../errdefs/index.js';
import type { HostConfig } from './config/host-config.js';
import type { OciCapabilities } from './runtime-spec.js';

/** By their bits, from 0 (capabilities(7)). */
const NAMES = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
)
  .split(' ')
  .map((name) => `CAP_${name}`);

/** What Docker leaves to a container's root (moby `daemon/pkg/oci/caps`). */
const DEFAULTS: ReadonlySet<string> = new Set(
  (
    'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL ' +
    'AUDIT_WRITE'
  )
    .split(' ')
    .map((name) => `CAP_${name}`),
);

const ALL = 'ALL';

type Asked = Pick<HostConfig, 'CapAdd' | 'CapDrop' | 'Privileged'>;

let known: readonly string[] | undefined;

/**
 * The capabilities that a container can have here: those of this process' bounding set that have a name. All named ones
 * where /proc cannot be read. Read once; blocks for one small file of /proc then.
 */
export function knownCapabilities(): readonly string[] {
  known ??= namesOf(boundingSet());
  return known;
}

/** The names of the bits that are set, in their order. */
export function namesOf(bits: bigint): string[] {
  return NAMES.filter((_name, bit) => (bits >> BigInt(bit)) & 1n);
}

function boundingSet(): bigint {
  const everything = (1n << BigInt(NAMES.length)) - 1n;
  try {
    const [, digits] = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
    return digits === undefined ? everything : BigInt(`0x${digits}`);
  } catch {
    return everything;
  }
}

/**
 * What a container's root may do: Docker's defaults with `CapAdd` and `CapDrop`, or everything for a privileged one. Of
 * the defaults, and of `ALL`, what this host's root lacks is left out silently. None is inheritable or ambient, as with
 * Docker since 20.10.14: a user that is not root has none after execve(2).
 *
 * @param available what the host's root has. @default `knownCapabilities()`
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` for a name that no kernel knows, or one to add that the host lacks
 */
export function capabilitiesOf(asked: Asked, available: readonly string[] = knownCapabilities()): OciCapabilities {
  const names = asked.Privileged === true ? available : tweak(asked, available);
  return { bounding: names, effective: names, permitted: names };
}

/**
 * Only the complaints of `capabilitiesOf`; a privileged container's lists are looked at too, as dockerd does.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID`
 */
export function checkCapabilities(asked: Asked, available: readonly string[] = knownCapabilities()): void {
  tweak(asked, available);
}

function tweak({ CapAdd, CapDrop }: Asked, available: readonly string[]): string[] {
  const add = normalize(CapAdd, 'CapAdd');
  const drop = normalize(CapDrop, 'CapDrop');
  for (const name of add) {
    if (name !== ALL && !available.includes(name)) {
      const text = 'capability not supported by your kernel or not available in the current environment';
      throw invalid('CapAdd', `${text}: "${name}"`);
    }
  }
  // ALL to add is stronger than ALL to drop, and one that is named to add is stronger than the same to drop.
  const isWanted = (name: string) => {
    if (add.has(ALL)) return !drop.has(name);
    return add.has(name) || (DEFAULTS.has(name) && !drop.has(ALL) && !drop.has(name));
  };
  return available.filter(isWanted);
}

function normalize(names: readonly string[] | undefined, field: 'CapAdd' | 'CapDrop'): Set<string> {
  const normalized = (names ?? []).map((name) => {
    const upper = name.toUpperCase();
    return upper === ALL || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  });
  const unknown = normalized.find((name) => name !== ALL && !NAMES.includes(name));
  if (unknown !== undefined) throw invalid(field, `unknown capability: "${unknown}"`);
  return new Set(normalized);
}

function invalid(field: string, problem: string): InvalidArgumentError {
  return new InvalidArgumentError(`invalid ${field}: ${problem}`, { code: 'ERR_OPTION_INVALID', fields: { field } });
}
