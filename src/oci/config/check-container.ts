import { constants } from 'node:os';
import { InvalidArgumentError } from '../../errdefs/index.js';
import { checkHealthConfig } from './check-health-config.js';
import { checkHostConfig } from './check-host-config.js';
import { checkNamespaceModes } from './check-namespace-modes.js';
import type { ResourceCheck } from './check-resources.js';
import type { ContainerConfig } from './container-config.js';
import type { HostConfig } from './host-config.js';
import { refuseOption } from './refuse-option.js';

const MAX_HOSTNAME_BYTES = 64;
const LAST_SIGNAL = 64;

/**
 * What dockerd refuses at create, in its words, before anything is made. The command is checked too, so what an image
 * brings must be merged in before. Call it with what the user gave: a hostname that an engine fills in would clash with
 * `container:` networks.
 *
 * Not looked at: `Binds`, `LogConfig`, `Runtime`, whether other containers that are named exist, and what the kernel lacks.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` (its `fields.field` names the option), `ERR_SIGNAL_INVALID`
 */
export function checkContainer(config: ContainerConfig, hostConfig: HostConfig, check: ResourceCheck = {}): void {
  if ((config.Entrypoint ?? []).length === 0 && (config.Cmd ?? []).length === 0) {
    refuseOption('no command specified', 'Cmd');
  }
  checkHostname(config.Hostname, 'Hostname');
  checkHostname(config.Domainname, 'Domainname');
  if (config.WorkingDir && !config.WorkingDir.startsWith('/')) {
    refuseOption(
      `the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`,
      'WorkingDir',
    );
  }
  if (config.StopSignal) checkSignal(config.StopSignal);
  for (const variable of config.Env ?? []) {
    if (variable === '' || variable.startsWith('=')) refuseOption(`invalid environment variable: ${variable}`, 'Env');
  }
  if (config.Healthcheck !== undefined) checkHealthConfig(config.Healthcheck);
  checkHostConfig(hostConfig, check);
  checkNamespaceModes(config, hostConfig);
}

/** White space and control characters would become lines and columns of /etc/hosts. */
function checkHostname(name: string | undefined, field: string): void {
  if (!name) return;
  if (Buffer.byteLength(name) > MAX_HOSTNAME_BYTES) {
    refuseOption(
      `invalid hostname format: hostname "${name}" is too long (maximum ${MAX_HOSTNAME_BYTES} bytes)`,
      field,
    );
  }
  if (/[\s\p{Cc}]/u.test(name)) refuseOption(`invalid hostname format: ${JSON.stringify(name)}`, field);
}

/** A number, a name with or without SIG, or a real-time signal counted from either end. */
function checkSignal(signal: string): void {
  const name = signal.toUpperCase().replace(/^(?!SIG)/, 'SIG');
  const number = /^\d{1,2}$/.test(signal) ? Number(signal) : undefined;
  const isKnown =
    number === undefined
      ? Object.hasOwn(constants.signals, name) || /^SIGRT(MIN(\+(\d|1\d|2\d|30))?|MAX(-(\d|1\d|2\d|30))?)$/.test(name)
      : number >= 1 && number <= LAST_SIGNAL;
  if (!isKnown) {
    throw new InvalidArgumentError(`invalid signal: ${signal}`, {
      code: 'ERR_SIGNAL_INVALID',
      fields: { field: 'StopSignal' },
    });
  }
}
