import { InvalidArgumentError } from '../../errdefs/index.js';
import { commandLine } from './command-line.js';
import type { ContainerConfig } from './container-config.js';
import { boolean, type Field, integer, list, mapOf, optional, record, string } from './fields.js';
import { healthConfig } from './parse-health-config.js';

/** The keys say everything; whatever their values hold is dropped. */
const keys: Field<Readonly<Record<string, Record<string, never>>>> = mapOf(() => ({}));

const containerConfig = record<ContainerConfig>({
  Hostname: optional(string),
  Domainname: optional(string),
  User: optional(string),
  AttachStdin: optional(boolean),
  AttachStdout: optional(boolean),
  AttachStderr: optional(boolean),
  ExposedPorts: optional(keys),
  Tty: optional(boolean),
  OpenStdin: optional(boolean),
  StdinOnce: optional(boolean),
  Env: optional(list(string)),
  Cmd: optional(commandLine),
  Healthcheck: optional(healthConfig),
  ArgsEscaped: optional(boolean),
  Image: optional(string),
  Volumes: optional(keys),
  WorkingDir: optional(string),
  Entrypoint: optional(commandLine),
  NetworkDisabled: optional(boolean),
  MacAddress: optional(string),
  Labels: optional(mapOf(string)),
  StopSignal: optional(string),
  StopTimeout: optional(integer),
  Shell: optional(commandLine),
});

/**
 * Gives what comes from outside its type. Unknown fields are dropped, null is as absent, and names match in any case, as
 * dockerd's decoder has it. Whether the values make sense is `checkContainer`'s question.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` naming the field that is of a wrong type; with Docker's own words
 * when there is no config at all
 */
export function parseContainerConfig(value: unknown): ContainerConfig {
  if (value === undefined || value === null) {
    throw new InvalidArgumentError('config cannot be empty in order to create a container', {
      code: 'ERR_OPTION_INVALID',
    });
  }
  return containerConfig(value, '');
}
