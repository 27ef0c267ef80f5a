import { InvalidArgumentError } from '../../errdefs/index.js';
import type { HostConfig } from '../config/host-config.js';
import { environmentOf } from '../environment.js';
import type { OciCapabilities, OciProcess, OciRlimit } from '../runtime-spec.js';
import type { SecurityOptions } from '../security-opt.js';
import { resolveUser } from '../users/resolve-user.js';
import type { HostFacts } from './host-facts.js';
import { initOf } from './init-process.js';
import type { SpecInput } from './spec-input.js';

const DEFAULT_PROFILE = 'docker-default';
/** Read by Go as "unlimited": see `stringifyForGo`. */
const UNLIMITED = 2 ** 64;

/**
 * The container's first process.
 * @throws InvalidArgumentError without a command, or for a user that the root file system does not know
 */
export async function processOf(
  input: SpecInput,
  security: SecurityOptions,
  capabilities: OciCapabilities,
): Promise<OciProcess> {
  const { config, hostConfig, host, rootfs } = input;
  const command = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (command.length === 0) throw new InvalidArgumentError('no command specified');
  const tty = config.Tty === true;
  const { user, home } = await resolveUser(rootfs.view, config.User ?? '', hostConfig.GroupAdd ?? []);
  const rlimits = rlimitsOf(hostConfig);
  const apparmorProfile = apparmorProfileOf(security, hostConfig, host);
  return {
    terminal: tty,
    ...(tty ? consoleSizeOf(hostConfig) : {}),
    user,
    args: [...(initOf(input)?.args ?? []), ...command],
    env: environmentOf({ env: config.Env ?? [], hostname: config.Hostname, tty, home }),
    cwd: config.WorkingDir === undefined || config.WorkingDir === '' ? '/' : config.WorkingDir,
    capabilities,
    ...(rlimits.length === 0 ? {} : { rlimits }),
    noNewPrivileges: security.noNewPrivileges,
    ...(apparmorProfile === undefined ? {} : { apparmorProfile }),
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
  };
}

function consoleSizeOf({ ConsoleSize }: HostConfig): Pick<OciProcess, 'consoleSize'> {
  const [height = 0, width = 0] = ConsoleSize ?? [];
  return height > 0 || width > 0 ? { consoleSize: { height, width } } : {};
}

function rlimitsOf({ Ulimits = [] }: HostConfig): OciRlimit[] {
  return Ulimits.map(({ Name, Soft, Hard }) => ({
    type: `RLIMIT_${Name.toUpperCase()}`,
    soft: Soft < 0 ? UNLIMITED : Soft,
    hard: Hard < 0 ? UNLIMITED : Hard,
  }));
}

/**
 * Docker's default profile only where somebody has loaded it: a runtime fails with one that is not, and loading it takes
 * a program.
 */
function apparmorProfileOf(
  { apparmor }: SecurityOptions,
  { Privileged }: HostConfig,
  host: HostFacts,
): string | undefined {
  if (!host.hasApparmor) return undefined;
  if (apparmor !== undefined) return apparmor;
  if (Privileged === true) return 'unconfined';
  return host.hasDefaultApparmorProfile ? DEFAULT_PROFILE : undefined;
}
