import { posix } from 'node:path';
import { InvalidArgumentError } from '../../errdefs/index.js';
import { absoluteProblem, cleanPath, destinationProblem } from './destination.js';
import { DEFAULT_PROPAGATION, parseMode } from './mount-mode.js';
import { VOLUME_MODE, type WantedMount } from './wanted-mount.js';

/**
 * An entry of `HostConfig.Binds`: `target`, `source:target` or `source:target:mode`. A source that is no absolute path names
 * a volume; without one the volume is anonymous (moby `volume/mounts/linux_parser.go`, `ParseMountRaw`).
 *
 * @throws InvalidArgumentError in dockerd's words
 */
export function parseBind(raw: string, volumeDriver: string | undefined): WantedMount {
  const invalid = `invalid volume specification: '${raw}'`;
  const refuse = (problem: string) =>
    new InvalidArgumentError(`invalid bind mount spec ${JSON.stringify(raw)}: ${problem}`);
  const parts = raw.split(':');
  const [first = '', second = '', third = ''] = parts;
  if (first === '' || parts.length > 3) throw refuse(invalid);
  // A target with a mode, which names no source.
  if (parts.length === 2 && parseMode(second) !== undefined) throw refuse(invalid);
  const source = parts.length === 1 ? '' : first;
  const target = parts.length === 1 ? first : second;
  const mode = parseMode(third);
  if (mode === undefined) throw refuse(`invalid mode: ${third}`);
  const isBind = posix.isAbsolute(source);
  const problem =
    destinationProblem(target) ?? (isBind ? bindProblem(source, mode.noCopy) : volumeProblem(mode, source));
  if (problem !== undefined) {
    throw refuse(`${invalid}: invalid mount config for type "${isBind ? 'bind' : 'volume'}": ${problem}`);
  }
  const common = { destination: cleanPath(target), readOnly: mode.readOnly };
  if (isBind) {
    const propagation = mode.propagation ?? DEFAULT_PROPAGATION;
    return {
      point: { type: 'bind', source: cleanPath(source), ...common, propagation, mode: third, createSource: true },
    };
  }
  return {
    point: {
      type: 'volume',
      ...common,
      propagation: '',
      mode: third === '' && source !== '' ? VOLUME_MODE : third,
      ...(source === '' ? { anonymous: true } : {}),
      ...(mode.noCopy === true ? { noCopy: true } : {}),
    },
    volume: { name: source, driver: volumeDriver },
  };
}

function bindProblem(source: string, noCopy: true | undefined): string | undefined {
  return noCopy === true ? 'field VolumeOptions must not be specified' : absoluteProblem(source);
}

function volumeProblem(mode: { readOnly: boolean; propagation?: string }, name: string): string | undefined {
  if (mode.propagation !== undefined) return 'field BindOptions must not be specified';
  return mode.readOnly && name === '' ? 'must not set ReadOnly mode when using anonymous volumes' : undefined;
}
