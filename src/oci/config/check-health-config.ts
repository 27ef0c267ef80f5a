import type { HealthConfig } from './container-config.js';
import { refuseOption } from './refuse-option.js';

const MILLISECOND = 1e6;
const DURATIONS = ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const;

/** @throws InvalidArgumentError `ERR_OPTION_INVALID` in the words of moby `validateHealthCheck` */
export function checkHealthConfig(health: HealthConfig): void {
  for (const name of DURATIONS) {
    const duration = health[name] ?? 0;
    if (duration !== 0 && duration < MILLISECOND) {
      refuseOption(`${name} in Healthcheck cannot be less than 1ms`, `Healthcheck.${name}`);
    }
  }
  if ((health.Retries ?? 0) < 0) refuseOption('Retries in Healthcheck cannot be negative', 'Healthcheck.Retries');
}
