import { boolean, type Field, integer, list, mapOf, nullable, optional, record, string, withZero } from './fields.js';
import type { DeviceMapping, DeviceRequest, Resources, ThrottleDevice, Ulimit, WeightDevice } from './host-config.js';

const weightDevice = record<WeightDevice>({ Path: withZero(string, ''), Weight: withZero(integer, 0) });
const throttleDevice = record<ThrottleDevice>({ Path: withZero(string, ''), Rate: withZero(integer, 0) });

const deviceMapping = record<DeviceMapping>({
  PathOnHost: withZero(string, ''),
  PathInContainer: withZero(string, ''),
  CgroupPermissions: optional(string),
});

const deviceRequest = record<DeviceRequest>({
  Driver: optional(string),
  Count: optional(integer),
  DeviceIDs: optional(list(string)),
  Capabilities: optional(list(list(string))),
  Options: optional(mapOf(string)),
});

const ulimit = record<Ulimit>({
  Name: withZero(string, ''),
  Soft: withZero(integer, 0),
  Hard: withZero(integer, 0),
});

/** The fields of `Resources`, for a record of them alone and for the host config, which has them among its own. */
export const RESOURCE_FIELDS = {
  CpuShares: optional(integer),
  Memory: optional(integer),
  NanoCpus: optional(integer),
  CgroupParent: optional(string),
  BlkioWeight: optional(integer),
  BlkioWeightDevice: optional(list(weightDevice)),
  BlkioDeviceReadBps: optional(list(throttleDevice)),
  BlkioDeviceWriteBps: optional(list(throttleDevice)),
  BlkioDeviceReadIOps: optional(list(throttleDevice)),
  BlkioDeviceWriteIOps: optional(list(throttleDevice)),
  CpuPeriod: optional(integer),
  CpuQuota: optional(integer),
  CpuRealtimePeriod: optional(integer),
  CpuRealtimeRuntime: optional(integer),
  CpusetCpus: optional(string),
  CpusetMems: optional(string),
  Devices: optional(list(deviceMapping)),
  DeviceCgroupRules: optional(list(string)),
  DeviceRequests: optional(list(deviceRequest)),
  KernelMemory: optional(integer),
  KernelMemoryTCP: optional(integer),
  MemoryReservation: optional(integer),
  MemorySwap: optional(integer),
  MemorySwappiness: nullable(integer),
  OomKillDisable: nullable(boolean),
  PidsLimit: nullable(integer),
  Ulimits: optional(list(ulimit)),
  CpuCount: optional(integer),
  CpuPercent: optional(integer),
  IOMaximumIOps: optional(integer),
  IOMaximumBandwidth: optional(integer),
};

const resources: Field<Resources> = record<Resources>(RESOURCE_FIELDS);

/**
 * The limits alone, as `POST /containers/ID/update` gives them. null is as absent.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` naming the field that is of a wrong type
 */
export function parseResources(value: unknown): Resources {
  return value === undefined || value === null ? {} : resources(value, '');
}
