import { InvalidArgumentError } from '../../../errdefs/index.js';
import type { DeviceMapping } from '../../config/host-config.js';

/** `WindowsDevice` of the runtime specification. */
export interface WindowsDevice {
  readonly id: string;
  readonly idType: string;
}

const CLASS = 'class/';

/** `class/GUID`, or `TYPE://ID`. @throws InvalidArgumentError for anything else */
export function windowsDevicesOf(devices: readonly DeviceMapping[]): WindowsDevice[] {
  return devices.map(({ PathOnHost: path }) => {
    if (path.startsWith(CLASS)) return { id: path.slice(CLASS.length), idType: 'class' };
    const at = path.indexOf('://');
    if (at < 0) fail(path, "must be 'class/ID' or 'IDType://ID'");
    if (at === 0) fail(path, 'IDType cannot be empty');
    return { id: path.slice(at + '://'.length), idType: path.slice(0, at) };
  });
}

function fail(path: string, problem: string): never {
  throw new InvalidArgumentError(`invalid device assignment path: '${path}', ${problem}`, { fields: { path } });
}
