const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface EnvironmentInput {
  /** `ContainerConfig.Env` and what comes over it, in order: `NAME=value` sets, `NAME` alone removes. */
  readonly env: readonly string[];
  /** '' or undefined: no HOSTNAME. */
  readonly hostname?: string | undefined;
  readonly tty: boolean;
  readonly home: string;
}

/**
 * The environment of a process: PATH, HOSTNAME, and TERM for a terminal, under what was asked for. Each name is there
 * once, in the order in which the names came first. A default can be removed. HOME cannot: when nobody sets it, it is the
 * user's home folder, as runtimes have it (moby `CreateDaemonEnvironment`, `ReplaceOrAppendEnvValues`).
 */
export function environmentOf({ env, hostname, tty, home }: EnvironmentInput): string[] {
  const variables = new Map([['PATH', DEFAULT_PATH]]);
  if (hostname) variables.set('HOSTNAME', hostname);
  if (tty) variables.set('TERM', 'xterm');
  for (const variable of env) {
    const end = variable.indexOf('=');
    if (end < 0) variables.delete(variable);
    else variables.set(variable.slice(0, end), variable.slice(end + 1));
  }
  if (!variables.has('HOME')) variables.set('HOME', home);
  return Array.from(variables, ([name, value]) => `${name}=${value}`);
}
