import { posix } from 'node:path';
import { InvalidArgumentError, NotImplementedError } from '../../errdefs/index.js';
import type { MountRequest, TmpfsOptions } from '../../oci/config/host-config.js';
import { absoluteProblem, cleanPath, destinationProblem } from './destination.js';
import { DEFAULT_PROPAGATION, isPropagation } from './mount-mode.js';
import { VOLUME_MODE, type WantedMount } from './wanted-mount.js';

/**
 * An entry of `HostConfig.Mounts` (moby `volume/mounts/linux_parser.go`, `validateMountConfigImpl`).
 * @throws InvalidArgumentError in dockerd's words; NotImplementedError for mounts of images
 */
export function parseMountRequest(request: MountRequest): WantedMount {
  const problem = destinationProblem(request.Target) ?? problemOf(request);
  if (problem !== undefined) throw invalidMount(request.Type, problem);
  const { Source: source = '', ReadOnly: readOnly = false } = request;
  const common = { destination: cleanPath(request.Target), readOnly };
  switch (request.Type) {
    case 'bind':
      return bindOf(request, common);
    case 'volume':
      return volumeOf(request, { ...common, source });
    case 'tmpfs':
      return { point: { type: 'tmpfs', ...common, propagation: '', mode: '' } };
    default:
      throw new NotImplementedError(`mounts of type ${JSON.stringify(request.Type)} are not supported`);
  }
}

/** An error about an entry of `HostConfig.Mounts`. */
export function invalidMount(type: string, problem: string): InvalidArgumentError {
  return new InvalidArgumentError(`invalid mount config for type ${JSON.stringify(type)}: ${problem}`);
}

function bindOf(request: MountRequest, common: { destination: string; readOnly: boolean }): WantedMount {
  const { BindOptions: options = {} } = request;
  const createSource = options.CreateMountpoint === true;
  const propagation =
    options.Propagation === undefined || options.Propagation === '' ? DEFAULT_PROPAGATION : options.Propagation;
  return {
    point: {
      type: 'bind',
      source: cleanPath(request.Source ?? ''),
      ...common,
      propagation,
      mode: '',
      ...(createSource ? { createSource } : {}),
      ...(options.NonRecursive === true ? { nonRecursive: true } : {}),
      ...(options.ReadOnlyNonRecursive === true ? { readOnlyNonRecursive: true } : {}),
      ...(options.ReadOnlyForceRecursive === true ? { readOnlyForceRecursive: true } : {}),
    },
    mustExist: !createSource,
  };
}

function volumeOf(
  { VolumeOptions: options = {} }: MountRequest,
  { source, ...common }: { source: string; destination: string; readOnly: boolean },
): WantedMount {
  const { Labels: labels, DriverConfig: driver, Subpath: subpath = '' } = options;
  return {
    point: {
      type: 'volume',
      ...common,
      propagation: '',
      mode: VOLUME_MODE,
      ...(source === '' ? { anonymous: true } : {}),
      ...(options.NoCopy === true ? { noCopy: true } : {}),
      ...(subpath === '' ? {} : { subpath: posix.normalize(subpath) }),
    },
    volume: { name: source, labels, driver: driver?.Name, options: driver?.Options },
  };
}

function problemOf(request: MountRequest): string | undefined {
  const { Type, Source = '', ReadOnly = false, BindOptions, VolumeOptions, TmpfsOptions } = request;
  const extra = (field: string) => `field ${field} must not be specified`;
  switch (Type) {
    case 'bind':
      if (Source === '') return 'field Source must not be empty';
      if (
        BindOptions?.Propagation !== undefined &&
        BindOptions.Propagation !== '' &&
        !isPropagation(BindOptions.Propagation)
      ) {
        return `invalid propagation mode: ${BindOptions.Propagation}`;
      }
      return VolumeOptions === undefined ? absoluteProblem(Source) : extra('VolumeOptions');
    case 'volume':
      if (BindOptions !== undefined) return extra('BindOptions');
      if (ReadOnly && Source === '') return 'must not set ReadOnly mode when using anonymous volumes';
      return subpathProblem(VolumeOptions?.Subpath ?? '', Source);
    case 'tmpfs':
      if (BindOptions !== undefined) return extra('BindOptions');
      return Source === '' ? tmpfsProblem(TmpfsOptions) : extra('Source');
    case 'image':
      return Source === '' ? 'field Source must not be empty' : undefined;
    default:
      return 'mount type unknown';
  }
}

function subpathProblem(subpath: string, volume: string): string | undefined {
  if (subpath === '') return undefined;
  if (volume === '') return 'must not set Subpath when using anonymous volumes';
  const normal = posix.normalize(subpath);
  const leaves = posix.isAbsolute(normal) || normal === '..' || normal.startsWith('../');
  return leaves ? 'subpath must be a relative path within the volume' : undefined;
}

function tmpfsProblem(options: TmpfsOptions | undefined): string | undefined {
  for (const option of options?.Options ?? []) {
    if (option.length < 1 || option.length > 2) return 'invalid option array length';
    const [name = ''] = option;
    if (name !== 'exec' && name !== 'noexec') return `invalid option: ${name}`;
  }
  return undefined;
}
