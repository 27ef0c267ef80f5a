import { InvalidArgumentError } from '../../errdefs/index.js';
import { boolean, type Field, integer, list, mapOf, nullable, optional, record, string, withZero } from './fields.js';
import type { HostConfig, LogConfig, RestartPolicy } from './host-config.js';
import { consoleSize } from './parse-console-size.js';
import { mountRequest } from './parse-mount-request.js';
import { RESOURCE_FIELDS } from './parse-resources.js';

const POLICIES = ['', 'no', 'always', 'unless-stopped', 'on-failure'] as const;

const policyName: Field<RestartPolicy['Name']> = (value, where) => {
  const name = string(value, where);
  const policy = POLICIES.find((known) => known === name);
  if (policy !== undefined) return policy;
  throw new InvalidArgumentError(
    `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    { code: 'ERR_OPTION_INVALID', fields: { field: where } },
  );
};

const restartPolicy = record<RestartPolicy>({
  Name: withZero(policyName, ''),
  MaximumRetryCount: optional(integer),
});

const logConfig = record<LogConfig>({ Type: withZero(string, ''), Config: optional(mapOf(string)) });

const portBinding = record<{ HostIp?: string; HostPort?: string }>({
  HostIp: optional(string),
  HostPort: optional(string),
});

const hostConfig = record<HostConfig>({
  ...RESOURCE_FIELDS,
  Binds: optional(list(string)),
  ContainerIDFile: optional(string),
  LogConfig: optional(logConfig),
  NetworkMode: optional(string),
  PortBindings: optional(
    mapOf(withZero<readonly { HostIp?: string; HostPort?: string }[] | null>(list(portBinding), null)),
  ),
  RestartPolicy: optional(restartPolicy),
  AutoRemove: optional(boolean),
  VolumeDriver: optional(string),
  VolumesFrom: optional(list(string)),
  Mounts: optional(list(mountRequest)),
  ConsoleSize: optional(consoleSize),
  Annotations: optional(mapOf(string)),
  CapAdd: optional(list(string)),
  CapDrop: optional(list(string)),
  CgroupnsMode: optional(string),
  Dns: optional(list(string)),
  DnsOptions: optional(list(string)),
  DnsSearch: optional(list(string)),
  ExtraHosts: optional(list(string)),
  GroupAdd: optional(list(string)),
  IpcMode: optional(string),
  Cgroup: optional(string),
  Links: optional(list(string)),
  OomScoreAdj: optional(integer),
  PidMode: optional(string),
  Privileged: optional(boolean),
  PublishAllPorts: optional(boolean),
  ReadonlyRootfs: optional(boolean),
  SecurityOpt: optional(list(string)),
  StorageOpt: optional(mapOf(string)),
  Tmpfs: optional(mapOf(string)),
  UTSMode: optional(string),
  UsernsMode: optional(string),
  ShmSize: optional(integer),
  Sysctls: optional(mapOf(string)),
  Runtime: optional(string),
  Isolation: optional(string),
  MaskedPaths: nullable(list(string)),
  ReadonlyPaths: nullable(list(string)),
  Init: nullable(boolean),
});

/**
 * As `parseContainerConfig`, for what depends on the host. Absent and null are `{}`: Docker's defaults.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` naming the field that is of a wrong type; with Docker's own words for
 * a restart policy that is not known
 */
export function parseHostConfig(value: unknown): HostConfig {
  return value === undefined || value === null ? {} : hostConfig(value, 'HostConfig');
}
