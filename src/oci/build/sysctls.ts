import type { HostFacts } from './host-facts.js';
import { isOwn } from './namespaces.js';
import type { SpecInput } from './spec-input.js';

/**
 * In a network of its own, any group may ping and any user bind a low port; a NIS domain has no other place than a
 * sysctl. What the user asks for goes over it (moby `daemon/oci_linux.go` withCommonOptions).
 */
export function sysctlsOf({ config, hostConfig, host }: SpecInput): Record<string, string> {
  const { Domainname = '' } = config;
  return {
    ...(isOwn(hostConfig.NetworkMode) ? networkSysctls(host) : {}),
    ...(Domainname !== '' && hostConfig.UTSMode !== 'host' ? { 'kernel.domainname': Domainname } : {}),
    ...hostConfig.Sysctls,
  };
}

function networkSysctls({ networkSysctls: present }: HostFacts): Record<string, string> {
  const wanted = { 'net.ipv4.ping_group_range': '0 2147483647', 'net.ipv4.ip_unprivileged_port_start': '0' };
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => present.has(name)));
}
