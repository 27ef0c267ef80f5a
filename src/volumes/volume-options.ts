import { isAbsolute } from 'node:path';
import { InvalidArgumentError, NotImplementedError } from '../errdefs/index.js';
import type { Volume, VolumeMount } from './volume.js';

const KNOWN = ['type', 'o', 'device', 'size'];
/** What goes with what (moby `volume/local/local_unix.go`). */
const REQUIRED: readonly (readonly [option: string, ...needs: string[]])[] = [
  ['device', 'type'],
  ['type', 'device'],
  ['o', 'device', 'type'],
];
const BIND_FLAGS = ['bind', 'rbind', 'ro', 'rw'];

/**
 * Checks the options of a volume, as `docker volume create -o` gives them.
 * @throws InvalidArgumentError in dockerd's words; NotImplementedError for what the engine would have to mount itself
 */
export function assertVolumeOptions(name: string, options: Readonly<Record<string, string>>): void {
  const refuse = (problem: string) => new InvalidArgumentError(`create ${name}: ${problem}`);
  for (const option of Object.keys(options)) {
    if (!KNOWN.includes(option)) throw refuse(`invalid option: ${JSON.stringify(option)}`);
  }
  if (options.size !== undefined) throw refuse('quota size requested but no quota support');
  for (const [option, ...needs] of REQUIRED) {
    if (options[option] === undefined) continue;
    for (const need of needs) {
      if (options[need] === undefined) throw refuse(`missing required option: ${JSON.stringify(need)}`);
    }
  }
  if (options.type !== undefined) mountOfOptions(name, options);
}

/** How the volume is mounted into a container: its folder, or what its options say. @throws as `assertVolumeOptions` */
export function mountOf(volume: Volume): VolumeMount {
  if (volume.options.type === undefined) {
    return { kind: 'bind', source: volume.mountpoint, recursive: true, readOnly: false };
  }
  return mountOfOptions(volume.name, volume.options);
}

function mountOfOptions(name: string, options: Readonly<Record<string, string>>): VolumeMount {
  const { type = '', device = '', o = '' } = options;
  const flags = o.split(',').filter((flag) => flag !== '');
  if (type === 'tmpfs') return { kind: 'tmpfs', options: flags };
  const isBind = flags.includes('bind') || flags.includes('rbind');
  if (!isBind || !flags.every((flag) => BIND_FLAGS.includes(flag))) {
    throw new NotImplementedError(
      `create ${name}: a volume of type ${JSON.stringify(type)} with the options ${JSON.stringify(o)} would have to be mounted by the engine; mount it on the host and use type=none, o=bind`,
    );
  }
  if (!isAbsolute(device)) throw new InvalidArgumentError(`create ${name}: device ${device} is no absolute path`);
  return { kind: 'bind', source: device, recursive: flags.includes('rbind'), readOnly: flags.includes('ro') };
}
