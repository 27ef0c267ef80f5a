import { boolean, integer, list, mapOf, oneOf, optional, record, string, withZero } from './fields.js';
import type { BindOptions, MountRequest, TmpfsOptions, VolumeOptions } from './host-config.js';

const bindOptions = record<BindOptions>({
  Propagation: optional(string),
  NonRecursive: optional(boolean),
  CreateMountpoint: optional(boolean),
  ReadOnlyNonRecursive: optional(boolean),
  ReadOnlyForceRecursive: optional(boolean),
});

const driverConfig = record<NonNullable<VolumeOptions['DriverConfig']>>({
  Name: optional(string),
  Options: optional(mapOf(string)),
});

const volumeOptions = record<VolumeOptions>({
  NoCopy: optional(boolean),
  Labels: optional(mapOf(string)),
  DriverConfig: optional(driverConfig),
  Subpath: optional(string),
});

const tmpfsOptions = record<TmpfsOptions>({
  SizeBytes: optional(integer),
  Mode: optional(integer),
  Options: optional(list(list(string))),
});

export const mountRequest = record<MountRequest>({
  Type: oneOf(['bind', 'volume', 'tmpfs', 'npipe', 'image', 'cluster']),
  Source: optional(string),
  Target: withZero(string, ''),
  ReadOnly: optional(boolean),
  Consistency: optional(string),
  BindOptions: optional(bindOptions),
  VolumeOptions: optional(volumeOptions),
  TmpfsOptions: optional(tmpfsOptions),
});
