import type { HealthConfig } from './container-config.js';
import { type Field, integer, list, optional, record, string } from './fields.js';

export const healthConfig: Field<HealthConfig> = record<HealthConfig>({
  Test: optional(list(string)),
  Interval: optional(integer),
  Timeout: optional(integer),
  StartPeriod: optional(integer),
  StartInterval: optional(integer),
  Retries: optional(integer),
});

/** @throws InvalidArgumentError `ERR_OPTION_INVALID` naming the field that is of a wrong type */
export function parseHealthConfig(value: unknown): HealthConfig {
  return healthConfig(value, 'Healthcheck');
}
