import { InvalidArgumentError } from '../../errdefs/index.js';
import type { HostConfig } from '../config/host-config.js';
import { devicesAt, hostDevices, type OciDevice } from './host-device.js';

/** `LinuxDeviceCgroup` of the runtime specification; an absent number means all. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

export interface Devices {
  readonly devices: readonly OciDevice[];
  readonly rules: readonly DeviceRule[];
}

const ALL = 'rwm';
/** /dev/zero, null, urandom, random, tty, console. The runtimes themselves add terminals and what they make. */
const ALLOWED: readonly (readonly [major: number, minor: number])[] = [
  [1, 5],
  [1, 3],
  [1, 9],
  [1, 8],
  [5, 0],
  [5, 1],
];
const FUSE = { major: 10, minor: 229 };

const DEFAULT_RULES: readonly DeviceRule[] = [
  { allow: false, access: ALL },
  ...ALLOWED.map(([major, minor]) => ({ allow: true, type: 'c', major, minor, access: ALL })),
  { allow: false, type: 'c', ...FUSE, access: ALL },
];

const RULE = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/;
const WILDCARD = -1;

/**
 * The devices that are made in /dev, and what may be done with which: for cgroup v1 and v2 alike, of which the runtime
 * makes a device cgroup or a BPF program. A privileged container has those of the host.
 * @throws InvalidArgumentError for a path without a device, and for a rule that cannot be read
 */
export async function devicesOf(hostConfig: HostConfig): Promise<Devices> {
  const { Privileged, Devices = [], DeviceCgroupRules = [] } = hostConfig;
  if (Privileged === true) {
    const own = Devices.filter(({ PathOnHost, PathInContainer }) => PathInContainer !== PathOnHost);
    const found = await Promise.all([
      hostDevices(),
      ...own.map(({ PathOnHost, PathInContainer }) => devicesAt(PathOnHost, PathInContainer || PathOnHost)),
    ]);
    return { devices: byPath(found.flat()), rules: [{ allow: true, access: ALL }] };
  }
  const found = await Promise.all(
    Devices.map(async ({ PathOnHost, PathInContainer, CgroupPermissions }) => {
      const devices = await devicesAt(PathOnHost, PathInContainer || PathOnHost);
      const access = CgroupPermissions === undefined || CgroupPermissions === '' ? ALL : CgroupPermissions;
      return { devices, rules: devices.map(({ type, major, minor }) => ({ allow: true, type, major, minor, access })) };
    }),
  );
  return {
    devices: byPath(found.flatMap(({ devices }) => devices)),
    rules: [...DEFAULT_RULES, ...found.flatMap(({ rules }) => rules), ...DeviceCgroupRules.map(parseRule)],
  };
}

/** The later of two at one path: a runtime fails at the second. */
function byPath(devices: readonly OciDevice[]): OciDevice[] {
  return [...new Map(devices.map((device) => [device.path, device])).values()];
}

function parseRule(text: string): DeviceRule {
  const [, type, major, minor, access] = RULE.exec(text) ?? [];
  if (type === undefined || major === undefined || minor === undefined || access === undefined) {
    throw new InvalidArgumentError(`invalid device cgroup rule format: '${text}'`);
  }
  return { allow: true, type, major: numberOf(major), minor: numberOf(minor), access };
}

function numberOf(text: string): number {
  return text === '*' ? WILDCARD : Number(text);
}
