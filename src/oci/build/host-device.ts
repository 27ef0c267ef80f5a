import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { InvalidArgumentError, toEngineError } from '../../errdefs/index.js';
import { deviceNumber } from './device-number.js';

/** `LinuxDevice` of the runtime specification. */
export interface OciDevice {
  readonly path: string;
  readonly type: 'b' | 'c' | 'p';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

const PERMISSION_BITS = 0o7777n;
/** Folders of /dev that are mounts of the container's own, or no devices. */
const NOT_DEVICES = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev']);

/**
 * The device at a path of the host, or all below when it is a folder, under the container's path (moby
 * `daemon/pkg/oci/devices_linux.go`). Links are followed at the top only.
 * @throws InvalidArgumentError when there is none
 */
export async function devicesAt(pathOnHost: string, pathInContainer: string): Promise<OciDevice[]> {
  const fail = (reason: string, cause?: unknown) =>
    new InvalidArgumentError(
      `error gathering device information while adding custom device ${JSON.stringify(pathOnHost)}: ${reason}`,
      { cause, fields: { path: pathOnHost } },
    );
  const path = await realpath(pathOnHost).catch((err: unknown) => {
    throw fail(toEngineError(err).errorClass === 'not-found' ? 'no such file or directory' : 'cannot be read', err);
  });
  const device = await deviceAt(path, pathInContainer);
  if (device !== undefined) return [device];
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const devices = isFolder ? await devicesBelow(path, pathInContainer) : [];
  if (devices.length === 0) throw fail('not a device node');
  return devices;
}

/**
 * All devices below /dev, for a privileged container: without terminals, the console, and pipes (containerd
 * `pkg/oci/utils_unix.go` HostDevices).
 * @throws an EngineError of the class of the system's error
 */
export async function hostDevices(folder = '/dev', pathInContainer = folder): Promise<OciDevice[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((err: unknown) => {
    throw toEngineError(err, `look for the devices in ${folder}`);
  });
  const found = await Promise.all(
    entries.map(async (entry): Promise<OciDevice[]> => {
      const [from, to] = [join(folder, entry.name), posix.join(pathInContainer, entry.name)];
      if (entry.isDirectory()) return NOT_DEVICES.has(entry.name) ? [] : hostDevices(from, to);
      if (entry.name === 'console') return [];
      const device = await deviceAt(from, to);
      return device === undefined || device.type === 'p' ? [] : [device];
    }),
  );
  return found.flat();
}

async function devicesBelow(folder: string, pathInContainer: string): Promise<OciDevice[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries.map(async (entry): Promise<OciDevice[]> => {
      const [from, to] = [join(folder, entry.name), posix.join(pathInContainer, entry.name)];
      if (entry.isDirectory()) return devicesBelow(from, to);
      const device = await deviceAt(from, to);
      return device === undefined ? [] : [device];
    }),
  );
  return found.flat();
}

/** `undefined` when there is no device, or none any more. */
async function deviceAt(path: string, pathInContainer: string): Promise<OciDevice | undefined> {
  const found = await lstat(path, { bigint: true }).catch(() => undefined);
  if (found === undefined) return undefined;
  const type = found.isBlockDevice() ? 'b' : found.isCharacterDevice() ? 'c' : found.isFIFO() ? 'p' : undefined;
  if (type === undefined) return undefined;
  return {
    path: pathInContainer,
    type,
    ...deviceNumber(found.rdev),
    fileMode: Number(found.mode & PERMISSION_BITS),
    uid: Number(found.uid),
    gid: Number(found.gid),
  };
}
