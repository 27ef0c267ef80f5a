import type { ContainerConfig } from './container-config.js';
import type { HostConfig } from './host-config.js';
import { refuseOption } from './refuse-option.js';

const OTHER = /^container:(.*)$/s;

/**
 * Checks which namespaces are shared with whom, and what does not go together with that. Whether another container that
 * is named is there is the caller's to find out.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` in Docker's words
 */
export function checkNamespaceModes(config: ContainerConfig, hostConfig: HostConfig): void {
  checkMode(hostConfig.IpcMode, ['none', 'private', 'shareable', 'host'], 'IPC', 'IpcMode', true);
  checkMode(hostConfig.PidMode, ['host'], 'PID', 'PidMode', true);
  checkMode(hostConfig.UTSMode, ['host'], 'UTS', 'UTSMode', false);
  checkMode(hostConfig.UsernsMode, ['host'], 'user namespace', 'UsernsMode', false);
  checkMode(hostConfig.CgroupnsMode, ['host', 'private'], 'cgroup namespace', 'CgroupnsMode', false);
  checkNetworkMode(config, hostConfig);
  if (hostConfig.UTSMode === 'host' && hasText(config.Hostname)) {
    refuseOption('conflicting options: hostname and the UTS mode', 'Hostname');
  }
}

function checkMode(
  mode: string | undefined,
  known: readonly string[],
  name: string,
  field: string,
  joins: boolean,
): void {
  if (mode === undefined || mode === '' || known.includes(mode)) return;
  const other = joins ? OTHER.exec(mode)?.[1] : undefined;
  if (!other) {
    refuseOption(`invalid ${name} mode: ${mode}`, field);
  }
}

function checkNetworkMode(config: ContainerConfig, hostConfig: HostConfig): void {
  const mode = hostConfig.NetworkMode ?? '';
  const conflict = (what: string) => refuseOption(`conflicting options: ${what}`, 'NetworkMode');
  if (mode === 'host' && hasSome(hostConfig.Links)) {
    conflict("host type networking can't be used with links. This would result in undefined behavior");
  }
  const other = mode === 'container' ? '' : OTHER.exec(mode)?.[1];
  if (other === undefined) return;
  if (other === '') {
    refuseOption('invalid network mode: invalid container format container:<name|id>', 'NetworkMode');
  }
  if (hasText(config.Hostname)) conflict('hostname and the network mode');
  if (hasSome(hostConfig.Links)) {
    conflict("container type network can't be used with links. This would result in undefined behavior");
  }
  if (hasSome(hostConfig.Dns)) conflict('dns and the network mode');
  if (hasSome(hostConfig.ExtraHosts)) conflict('custom host-to-IP mapping and the network mode');
  if (hasKeys(hostConfig.PortBindings) || hostConfig.PublishAllPorts === true) {
    conflict('port publishing and the container type network mode');
  }
  if (hasKeys(config.ExposedPorts)) conflict('port exposing and the container type network mode');
}

const hasText = (text: string | undefined) => text !== undefined && text !== '';
const hasSome = (list: readonly unknown[] | undefined) => list !== undefined && list.length > 0;
const hasKeys = (map: object | undefined) => map !== undefined && Object.keys(map).length > 0;
