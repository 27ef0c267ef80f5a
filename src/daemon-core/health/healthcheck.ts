import { InvalidArgumentError } from '../../errdefs/index.js';
import type { ContainerConfig, HealthConfig } from '../../oci/config/container-config.js';

const NS_PER_MS = 1_000_000;
const DEFAULT_SHELL = ['/bin/sh', '-c'];
/** moby daemon/health.go. In milliseconds. */
const DEFAULTS = { interval: 30_000, timeout: 30_000, startPeriod: 0, startInterval: 5_000, retries: 3 };
const DURATIONS = ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const;

/** How a container's health is looked after, with the defaults filled in. */
export interface Healthcheck {
  readonly args: readonly string[];
  /** From the end of a probe to the start of the next, and before the first. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** A probe that fails this soon after the start does not count, until the first has succeeded. */
  readonly startPeriodMs: number;
  /** In place of `intervalMs` in the start period, until the first probe has succeeded. */
  readonly startIntervalMs: number;
  /** So many failures in a row make it unhealthy. */
  readonly retries: number;
}

/** @returns `undefined` when its health is not looked after: nothing or `NONE` is configured, or no command */
export function resolveHealthcheck(config: Pick<ContainerConfig, 'Healthcheck' | 'Shell'>): Healthcheck | undefined {
  const { Healthcheck: health, Shell } = config;
  const [kind, ...command] = health?.Test ?? [];
  if (health === undefined || command.length === 0) return undefined;
  const args = argsOf(kind, command, Shell);
  if (args === undefined) return undefined;
  return {
    args,
    intervalMs: orDefault(health.Interval, DEFAULTS.interval),
    timeoutMs: orDefault(health.Timeout, DEFAULTS.timeout),
    startPeriodMs: orDefault(health.StartPeriod, DEFAULTS.startPeriod),
    startIntervalMs: orDefault(health.StartInterval, DEFAULTS.startInterval),
    retries: health.Retries === undefined || health.Retries <= 0 ? DEFAULTS.retries : health.Retries,
  };
}

/** @throws InvalidArgumentError in the daemon's words for what no check can be made of */
export function validateHealthcheck(health: HealthConfig): void {
  for (const name of DURATIONS) {
    const value = health[name] ?? 0;
    if (value !== 0 && value < NS_PER_MS)
      throw new InvalidArgumentError(`${name} in Healthcheck cannot be less than 1ms`);
  }
  if ((health.Retries ?? 0) < 0) throw new InvalidArgumentError('Retries in Healthcheck cannot be negative');
}

function argsOf(kind: string | undefined, command: string[], shell: readonly string[] = []): string[] | undefined {
  if (kind === 'CMD') return command;
  if (kind === 'CMD-SHELL') return [...(shell.length === 0 ? DEFAULT_SHELL : shell), ...command];
  return undefined;
}

function orDefault(durationNs: number | undefined, defaultMs: number): number {
  return durationNs === undefined || durationNs <= 0 ? defaultMs : durationNs / NS_PER_MS;
}
