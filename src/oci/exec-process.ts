import { InvalidArgumentError } from '../errdefs/index.js';
import { knownCapabilities } from './capabilities.js';
import type { ContainerConfig } from './config/container-config.js';
import type { ExecConfig, HostConfig } from './config/host-config.js';
import { environmentOf } from './environment.js';
import type { OciCapabilities, OciProcess, OciSpec } from './runtime-spec.js';
import { resolveUser } from './users/resolve-user.js';
import type { RootfsView } from './users/rootfs-view.js';

/**
 * The process of an exec. From the container's own come capabilities, rlimits, no-new-privileges, the AppArmor profile,
 * the SELinux label, the OOM score and the user with his groups, unless the exec asks otherwise; the seccomp filter is the
 * container's and the runtime sets it. The environment is the container's config's with the exec's over it, and defaults
 * of its own: a HOME follows the exec's user.
 *
 * A privileged exec has all capabilities of this host's root, and what else confines the container stays.
 *
 * @param view the rootfs as it is now: `/proc/PID/root` of the container's init sees what was mounted into it
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` for no command, a working folder that is not absolute, or a user that
 * is not there
 */
export async function execProcess(
  spec: OciSpec,
  exec: ExecConfig,
  view: RootfsView,
  config: ContainerConfig,
  { GroupAdd }: Pick<HostConfig, 'GroupAdd'> = {},
): Promise<OciProcess> {
  if (exec.Cmd.length === 0) throw invalid('no exec command specified', 'Cmd');
  const cwd = exec.WorkingDir || config.WorkingDir || spec.process?.cwd || '/';
  if (!cwd.startsWith('/')) {
    throw invalid(`the working directory '${cwd}' is invalid, it needs to be an absolute path`, 'WorkingDir');
  }
  const { consoleSize: _size, terminal: _terminal, commandLine: _line, ...inherited } = spec.process ?? { cwd };
  const resolved = exec.User ? await resolveUser(view, exec.User, GroupAdd) : undefined;
  const tty = exec.Tty ?? false;
  const env = environmentOf({
    env: [...(config.Env ?? []), ...(exec.Env ?? [])],
    hostname: config.Hostname || spec.hostname,
    tty,
    home: resolved?.home ?? homeOf(inherited.env),
  });
  return {
    ...inherited,
    ...(resolved !== undefined && { user: resolved.user }),
    ...(exec.Privileged === true && { capabilities: everything() }),
    ...(tty && { terminal: true, ...consoleSizeOf(exec) }),
    args: exec.Cmd,
    env,
    cwd,
  };
}

/** The container's own user keeps the HOME that was found at its start: the user may be gone from /etc/passwd since. */
function homeOf(env: readonly string[] | undefined): string {
  return env?.find((variable) => variable.startsWith('HOME='))?.slice('HOME='.length) ?? '/';
}

function everything(): OciCapabilities {
  const names = knownCapabilities();
  return { bounding: names, effective: names, permitted: names };
}

function consoleSizeOf({ ConsoleSize: [height, width] = [0, 0] }: ExecConfig): Pick<OciProcess, 'consoleSize'> {
  return height > 0 && width > 0 ? { consoleSize: { height, width } } : {};
}

function invalid(message: string, field: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { code: 'ERR_OPTION_INVALID', fields: { field } });
}
