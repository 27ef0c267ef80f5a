import { statSync } from 'node:fs';
import { InvalidArgumentError, toEngineError } from '../../errdefs/index.js';
import type { Resources, ThrottleDevice } from '../config/host-config.js';
import type { LinuxResources } from '../runtime-spec.js';
import { deviceNumber } from './device-number.js';

type BlockIO = NonNullable<LinuxResources['blockIO']>;

/** Devices are named by path, and limited by number. @throws InvalidArgumentError for a path that is no block device */
export function blockIOOf(resources: Resources): BlockIO | undefined {
  const { BlkioWeight, BlkioWeightDevice } = resources;
  const blockIO: Record<string, unknown> = {
    ...(BlkioWeight === undefined || BlkioWeight === 0 ? {} : { weight: BlkioWeight }),
    ...list('weightDevice', BlkioWeightDevice, ({ Path, Weight }) => ({ ...numberOf(Path), weight: Weight })),
    ...list('throttleReadBpsDevice', resources.BlkioDeviceReadBps, throttled),
    ...list('throttleWriteBpsDevice', resources.BlkioDeviceWriteBps, throttled),
    ...list('throttleReadIOPSDevice', resources.BlkioDeviceReadIOps, throttled),
    ...list('throttleWriteIOPSDevice', resources.BlkioDeviceWriteIOps, throttled),
  };
  return Object.keys(blockIO).length === 0 ? undefined : blockIO;
}

function list<T>(key: string, entries: readonly T[] | undefined, entryOf: (entry: T) => object): object {
  return entries === undefined || entries.length === 0 ? {} : { [key]: entries.map(entryOf) };
}

function throttled({ Path, Rate }: ThrottleDevice): object {
  return { ...numberOf(Path), rate: Rate };
}

function numberOf(path: string): { major: number; minor: number } {
  const device = stat(path);
  if (!device.isBlockDevice()) {
    throw new InvalidArgumentError(`${path} is not a block device: its I/O cannot be limited`, { fields: { path } });
  }
  return deviceNumber(device.rdev);
}

/** Nodes of /dev: nothing there waits, so limits need not be asynchronous for it. */
function stat(path: string) {
  try {
    return statSync(path, { bigint: true });
  } catch (cause) {
    const isAbsent = toEngineError(cause).errorClass === 'not-found';
    throw new InvalidArgumentError(`stat ${path}: ${isAbsent ? 'no such file or directory' : 'cannot be read'}`, {
      cause,
      fields: { path },
    });
  }
}
