import { isIP } from 'node:net';
import { checkCapabilities } from '../capabilities.js';
import { parseSecurityOpt } from '../security-opt.js';
import { checkMounts } from './check-mounts.js';
import { checkResources, type ResourceCheck } from './check-resources.js';
import { checkRestartPolicy } from './check-restart-policy.js';
import { checkSysctls } from './check-sysctls.js';
import type { HostConfig } from './host-config.js';
import { refuseOption } from './refuse-option.js';

const PORT = /^(\d{1,5})(?:-(\d{1,5}))?$/;
const EXPOSED_PORT = /^(\d{1,5})(?:\/(?:tcp|udp|sctp))?$/i;

/** @throws InvalidArgumentError `ERR_OPTION_INVALID` in the words of moby `validateHostConfig` */
export function checkHostConfig(hostConfig: HostConfig, check: ResourceCheck = {}): void {
  const policy = hostConfig.RestartPolicy ?? { Name: '' };
  if (hostConfig.AutoRemove === true && policy.Name !== '' && policy.Name !== 'no') {
    refuseOption("can't create 'AutoRemove' container with restart policy", 'AutoRemove');
  }
  checkMounts(hostConfig);
  for (const host of hostConfig.ExtraHosts ?? []) checkExtraHost(host);
  checkPortBindings(hostConfig.PortBindings ?? {});
  checkRestartPolicy(policy);
  checkCapabilities(hostConfig);
  if (!['', 'default'].includes((hostConfig.Isolation ?? '').toLowerCase())) {
    refuseOption(`invalid isolation '${hostConfig.Isolation}' on linux`, 'Isolation');
  }
  if (Object.hasOwn(hostConfig.Annotations ?? {}, '')) {
    refuseOption('invalid Annotations: the empty string is not permitted as an annotation key', 'Annotations');
  }
  checkResources(hostConfig, check);
  if ((hostConfig.ShmSize ?? 0) < 0) refuseOption('SHM size can not be less than 0', 'ShmSize');
  const score = hostConfig.OomScoreAdj ?? 0;
  if (score < -1000 || score > 1000) {
    refuseOption(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`, 'OomScoreAdj');
  }
  checkSysctls(hostConfig);
  parseSecurityOpt(hostConfig.SecurityOpt);
}

/** `name:address` or `name=address`; `host-gateway` stands for an address that the engine knows. */
function checkExtraHost(host: string): void {
  const [, name = '', address = ''] = /^([^:=]*)[:=](.*)$/s.exec(host) ?? [];
  if (name === '' || address === '') refuseOption(`bad format for add-host: "${host}"`, 'ExtraHosts');
  if (address !== 'host-gateway' && isIP(address.replace(/^\[(.*)\]$/, '$1')) === 0) {
    refuseOption(`invalid IP address in add-host: "${address}"`, 'ExtraHosts');
  }
}

function checkPortBindings(bindings: NonNullable<HostConfig['PortBindings']>): void {
  for (const [port, hosts] of Object.entries(bindings)) {
    const number = Number(EXPOSED_PORT.exec(port)?.[1] ?? 0);
    if (number < 1 || number > 65535) refuseOption(`invalid port specification: "${port}"`, 'PortBindings');
    for (const { HostPort: hostPort = '' } of hosts ?? []) {
      if (hostPort !== '' && !isPortRange(hostPort)) {
        refuseOption(`invalid port specification: "${hostPort}"`, 'PortBindings');
      }
    }
  }
}

function isPortRange(text: string): boolean {
  const match = PORT.exec(text);
  if (match === null) return false;
  const first = Number(match[1]);
  const last = Number(match[2] ?? first);
  return first <= last && last <= 65535;
}
