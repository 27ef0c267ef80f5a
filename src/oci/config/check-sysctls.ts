import type { HostConfig } from './host-config.js';
import { refuseOption } from './refuse-option.js';

const IPC = /^(fs\.mqueue\..+|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced))$/;

/**
 * A sysctl that belongs to no namespace would change the host, and one of a namespace that is the host's too. Runtimes
 * refuse them at start (runc `libcontainer/configs/validate`); here it is known at create. Both spellings are taken,
 * `net.ipv4.x` and `net/ipv4/x`.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` in the words of runc
 */
export function checkSysctls(hostConfig: HostConfig): void {
  for (const name of Object.keys(hostConfig.Sysctls ?? {})) {
    const problem = problemOf(withDots(name), hostConfig);
    if (problem !== undefined) refuseOption(`sysctl "${name}" ${problem}`, 'Sysctls');
  }
}

function problemOf(name: string, hostConfig: HostConfig): string | undefined {
  if (IPC.test(name)) {
    return hostConfig.IpcMode === 'host' ? 'is not allowed in the hosts ipc namespace' : undefined;
  }
  if (/^net\..+/.test(name)) {
    return hostConfig.NetworkMode === 'host' ? 'not allowed in host network namespace' : undefined;
  }
  if (name === 'kernel.domainname') {
    return hostConfig.UTSMode === 'host' ? 'is not allowed in the hosts uts namespace' : undefined;
  }
  if (name === 'kernel.hostname') return 'is not allowed as it conflicts with the OCI "hostname" field';
  return 'is not in a separate kernel namespace';
}

/** The first separator of the two decides which it is; the other then stands for itself, as in sysctl(8). */
function withDots(name: string): string {
  const slash = name.indexOf('/');
  const dot = name.indexOf('.');
  if (slash < 0 || (dot >= 0 && dot < slash)) return name;
  return name.replace(/[./]/g, (separator) => (separator === '/' ? '.' : '/'));
}
